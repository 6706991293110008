"""Receptors of a group against closed forms, a finely stepped loop in float64, and each other."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import spaic_jax as sj
from spaic_jax.gradients import EProp, value_and_grad
from spaic_jax.neurons import NEURONS, ConstantCurrentLIF
from spaic_jax.neurons.receptors import (
    RECEPTORS,
    AlphaReceptor,
    DualExponentialReceptor,
    ExponentialReceptor,
    NMDAReceptor,
    Receptor,
    resolve_receptor,
)
from spaic_jax.program import Uniform
from spaic_jax.storage import from_dict, to_dict


def shape_of(receptor, t):
    """The conductance `t` ms after a spike of weight 1, in closed form."""
    if isinstance(receptor, ExponentialReceptor):
        return np.exp(-t / receptor.tau)
    if isinstance(receptor, AlphaReceptor):
        return t / receptor.tau * np.exp(1 - t / receptor.tau)
    rise, decay = receptor.tau_rise, receptor.tau_decay
    if rise == decay:
        return t / rise * np.exp(1 - t / rise)
    peak = np.log(decay / rise) * rise * decay / (decay - rise)
    return (np.exp(-t / decay) - np.exp(-t / rise)) / (np.exp(-peak / decay) - np.exp(-peak / rise))


def network(receptors, weights=None, num=2, sources=3, rng=None, **settings):
    """A group whose every receptor has a connection from the same source."""
    net = sj.Network()
    net.x = sj.Encoder(num=sources, coding_method="null")
    net.g = sj.NeuronGroup(num, receptors=receptors, **settings)
    for name in receptors:
        weight = np.ones((num, sources)) if weights is None else weights[name]
        setattr(net, f"w_{name}", sj.Connection(net.x, net.g, post_var_name=name, weight=weight))
        setattr(net, f"g_{name}", sj.StateMonitor(net.g, f"{name}.g"))
        setattr(net, f"i_{name}", sj.StateMonitor(net.g, f"{name}.I"))
    if "V" in net.g.states:
        net.v = sj.StateMonitor(net.g, "V")
    return net


def in_float64(net, dt, x, plan=None):
    """The probes of a run in float64, of the one sample and its first neuron."""
    with jax.enable_x64(True):
        sim = sj.build(sj.build(net, dt).program.astype("float64"), plan=plan)
        probes = sim.run(sim.init(jax.random.key(0), 1), {"x": jnp.asarray(x[:, None])}).probes
        return {name: np.asarray(value)[:, 0, 0] for name, value in probes.items()}


def test_every_receptor_is_in_the_table():
    concrete = {kind for kind in (AlphaReceptor, DualExponentialReceptor, ExponentialReceptor, NMDAReceptor)}
    assert concrete == set(RECEPTORS.values()) and all(issubclass(kind, Receptor) for kind in concrete)
    assert resolve_receptor("NMDA", Mg=0.5).Mg == 0.5


def test_a_conductance_is_its_closed_form_at_every_dt():
    receptors = {
        "r1": ExponentialReceptor(tau=0.5), "r2": AlphaReceptor(tau=1.3), "r3": DualExponentialReceptor(tau_rise=0.4, tau_decay=6.0),
        "r4": DualExponentialReceptor(tau_rise=3.0, tau_decay=1.0), "r5": DualExponentialReceptor(tau_rise=2.0, tau_decay=2.0),
        "r6": NMDAReceptor(),
    }
    for dt in (0.1, 2.0):
        x = np.zeros((int(8 / dt), 3))
        x[0] = [1.0, 0.5, 0.0]
        probes = in_float64(network(receptors, model="if"), dt, x)
        t = dt * (1 + np.arange(len(x)))
        for name, receptor in receptors.items():
            np.testing.assert_allclose(probes[f"g_{name}"], 1.5 * shape_of(receptor, t), rtol=2e-6, atol=1e-9, err_msg=name)
            if receptor.E is None:
                # The current of each step is the mean over it, so that no dt changes the charge.
                fine = (np.arange(200) + 0.5) / 200
                mean = np.array([shape_of(receptor, end - dt * fine).mean() for end in t])
                np.testing.assert_allclose(probes[f"i_{name}"], 1.5 * mean, rtol=2e-4, atol=1e-6, err_msg=name)


def fine_loop(receptor, spikes_at, weight, until, E, dt=2e-3):
    """V of `20 V' = -70 - V + 0.1 I` with one synapse, by tiny midpoint steps of conductance in closed form."""
    v = -70.0

    def slope(t, v):
        g = sum(weight * shape_of(receptor, t - s) for s in spikes_at if s <= t)
        return (-70 - v + 0.1 * (g if E is None else g * (E - v))) / 20

    for k in range(round(until / dt)):
        t = k * dt
        v += dt * slope(t + dt / 2, v + dt / 2 * slope(t, v))
    return v


@pytest.mark.parametrize(("E", "order"), [(None, 2), (0.0, 1)])
def test_the_potential_converges(E, order):
    receptor = DualExponentialReceptor(tau_rise=1.0, tau_decay=3.0, E=E)
    weight = 20.0 if E is None else 2.0
    truth, errors = fine_loop(receptor, (2.0, 4.0), weight, 8.0, E), []
    for dt in (0.4, 0.2, 0.1):
        x = np.zeros((round(8 / dt), 3))
        x[[round(2 / dt), round(4 / dt)], 0] = weight
        net = network({"r": receptor}, model="constantcurrentlif", integrator="exact", v_rest=-70.0, v_th=1e3, tau_m=20.0, R=0.1)
        errors.append(abs(in_float64(net, dt, x)["v"][-1] - truth))
    ratios = np.divide(errors[:-1], errors[1:])
    assert (abs(np.log2(ratios) - order) < 0.25).all(), (errors, ratios)


def mixed(rng, model="aeif", **settings):
    """Four receptors at a neuron, with time constants of each neuron, under random weights."""
    receptors = {
        "aaa": ExponentialReceptor(tau=np.array([3.0, 4.0, 7.0], np.float32), E=0.0),
        "inh": AlphaReceptor(tau=Uniform(2.0, 3.0), E=-80.0, g=Uniform(0.0, 5.0)),
        "nmda": NMDAReceptor(g_max=2.0, tau_decay=50.0),
        "zzz": DualExponentialReceptor(),
    }
    weights = {name: rng.uniform(1, 6, (3, 4)) for name in receptors}
    weights = {name: weight.astype(np.float32) for name, weight in weights.items()}
    if model == "aeif":
        settings = {"integrator": "euler", **settings}
    return network(receptors, weights, num=3, sources=4, model=model, **settings)


def loop(values, x, dt, weights):
    """`mixed` with an `aeif` in float64: one sample, all neurons."""
    p = {name.removeprefix("g."): np.asarray(value, float) for name, value in values.items() if name.startswith("g.")}
    v, u, left = (np.array(p[n][0]) for n in ("V", "U", "refrac"))
    g = {n: np.array(p[f"{n}.g"][0]) for n in ("aaa", "inh", "nmda", "zzz")}
    s = {n: np.zeros(3) for n in g}
    times = {"inh": (p["inh.tau"],) * 2, "nmda": (p["nmda.tau_rise"], p["nmda.tau_decay"]), "zzz": (p["zzz.tau_rise"], p["zzz.tau_decay"])}
    trace, parts = [], 2000
    for now in x:
        currents = {}
        for n in g:
            w = weights[n].astype(np.float32).astype(float) @ now
            if n == "aaa":
                start = g[n] + w
                g[n] = start * np.exp(-dt / p["aaa.tau"])
                currents[n] = start * p["aaa.tau"] / dt * (1 - np.exp(-dt / p["aaa.tau"])) * (0 - v)
                continue
            rise, decay = times[n]
            same = n == "inh"
            peak = rise if same else np.log(decay / rise) * rise * decay / (decay - rise)
            height = peak * np.exp(-peak / rise) if same else (np.exp(-peak / decay) - np.exp(-peak / rise)) * rise * decay / (decay - rise)
            s[n] = s[n] + w / height
            t = (np.arange(parts)[:, None] + 0.5) / parts * dt

            def kernel(t, rise=rise, decay=decay, same=same):
                return t * np.exp(-t / rise) if same else (np.exp(-t / decay) - np.exp(-t / rise)) * rise * decay / (decay - rise)

            mean = (g[n] * np.exp(-t / decay) + s[n] * kernel(t)).mean(0)
            g[n], s[n] = g[n] * np.exp(-dt / decay) + s[n] * kernel(dt), s[n] * np.exp(-dt / rise)
            drive = {"inh": -80 - v, "nmda": 2 * (0 - v) / (1 + np.exp(-0.062 * v) / 3.57), "zzz": 1.0}[n]
            currents[n] = mean * drive
        held = left > 0
        dv = 1 / 281 * (30 * (2 * np.exp((np.minimum(v, 20) + 50.4) / 2) - (v + 70.6)) - u + sum(currents.values()))
        new = np.where(held, v, v + dt * dv)
        u = u + dt / 144 * (4 * (v + 70.6) - u)
        spiked = (new > 20) & ~held
        v, u = np.where(spiked, -70.6, new), u + 80.5 * spiked
        left = np.where(spiked, 20, np.maximum(left - 1, 0))
        trace.append(v)
    return np.array(trace)


def test_many_receptors_in_every_plan_batch_and_in_pieces(key):
    rng = np.random.default_rng(3)
    net = mixed(rng, t_ref=2.0, b=80.5)
    x = (rng.random((60, 2, 4)) < 0.15).astype(np.float32)
    sim, *sims = (sj.build(net, 0.1, plan=plan) for plan in (sj.Tiled(7), sj.Tiled(), sj.Reference()))
    variables = sim.init(key, 2)
    first = sim.run(variables, {"x": x}).probes
    for other in (other.run(variables, {"x": x}).probes for other in sims):
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-4), first, other)
    weights = {name: np.asarray(variables[f"w_{name}.weight"]) for name in ("aaa", "inh", "nmda", "zzz")}
    for sample in range(2):
        values = {n: v[sample : sample + 1] if n in variables.state else v for n, v in variables.values.items()}
        np.testing.assert_allclose(first["v"][:, sample], loop(values, x[:, sample], 0.1, weights), rtol=1e-4)
    early = sim.run(variables, {"x": x[:30]})
    late = sim.run(early.variables, {"x": x[30:]})
    np.testing.assert_array_equal(np.concatenate([early.probes["v"], late.probes["v"]]), first["v"])
    assert sj.build(from_dict(to_dict(net)), 0.1).program == sim.program


def test_conductances_go_on_in_a_refractory_period():
    x = np.zeros((12, 3))
    x[0] = [1e4, 0.0, 0.0]
    net = network({"r": ExponentialReceptor(tau=2.0)}, model="constantcurrentlif", t_ref=1.0)
    net.o = sj.SpikeMonitor(net.g)
    probes = in_float64(net, 0.1, x)
    np.testing.assert_allclose(probes["g_r"], 1e4 * np.exp(-0.05 * np.arange(1, 13)), rtol=1e-6)
    assert probes["o"].tolist() == [1] + [0] * 10 + [1]


def test_gradients_through_receptors_and_of_their_time_constants():
    rng = np.random.default_rng(1)
    receptors = {"exc": ExponentialReceptor(E=1.0), "slow": DualExponentialReceptor(tau_rise=2.0, tau_decay=2.0)}
    weights = {name: rng.uniform(0.1, 0.3, (2, 3)) for name in receptors}
    names = ["exc.tau", "slow.tau_rise", "tau_m"]
    net = network(receptors, weights, rng=rng, model="constantcurrentlif", v_th=1e3, parameter_variables=names)
    x = (rng.random((30, 1, 3)) < 0.3).astype(float)
    with jax.enable_x64(True):
        sim = sj.build(sj.build(net, 0.5).program.astype("float64"))
        variables = sim.init(jax.random.key(0), 1)

        @jax.jit
        def loss(params):
            return (sim.run(variables.with_params(params), {"x": jnp.asarray(x)}).probes["v"] ** 2).sum()

        params = variables.params
        assert {f"g.{name}" for name in names} < set(params)
        gradient = jax.grad(loss)(params)
        for name in params:
            nudge = 1e-5 * jnp.asarray(rng.normal(size=params[name].shape))
            if name == "g.slow.tau_rise":
                nudge = jnp.abs(nudge)
            more, less = (loss(params | {name: params[name] + sign * nudge}) for sign in (1, -1))
            np.testing.assert_allclose((gradient[name] * nudge).sum(), (more - less) / 2, rtol=2e-4, err_msg=name)


def test_eprop_sees_receptors_as_backpropagation_does(key):
    rng = np.random.default_rng(2)
    net = sj.Network()
    net.x = sj.Encoder(num=3, coding_method="null")
    settings = {"model": "constantcurrentlif", "v_th": 1e3, "v_rest": -1.0}
    net.g = sj.NeuronGroup(2, receptors={"exc": ExponentialReceptor(E=1.0), "al": "alpha"}, **settings)
    net.w = sj.Connection(net.x, net.g, post_var_name="exc", weight=rng.uniform(0.1, 0.3, (2, 3)))
    net.u = sj.Connection(net.x, net.g, post_var_name="al", weight=rng.uniform(0.1, 0.3, (2, 3)))
    net.y = sj.Decoder(dec_target=net.g, coding_method="null", coding_var_name="V")
    sim = sj.build(net, 1.0)
    x = (rng.random((20, 2, 3)) < 0.4).astype(np.float32)
    variables = sim.init(key, 2)

    def loss(outputs):
        return (outputs["y"] ** 2).sum()

    exact = jax.grad(lambda p: loss(sim.run(variables.with_params(p), {"x": x}).outputs))(variables.params)
    online = value_and_grad(sim, lambda outputs, labels: loss(outputs), EProp())(variables, {"x": x}, None)[1]
    for name, value in exact.items():
        np.testing.assert_allclose(online[name], value, rtol=1e-3, atol=1e-4)


def test_half_precision_keeps_what_it_can(key):
    net = mixed(np.random.default_rng(3), model="izh")
    x = (np.random.default_rng(4).random((40, 1, 4)) < 0.1).astype(np.float32)
    full = sj.build(net, 0.5)
    half = sj.build(full.program.astype("bfloat16"))
    assert {v.name for v in half.program.variables if v.dtype == "bfloat16"} >= {"g.aaa.g", "g.inh.g"}
    wide, narrow = (sim.run(sim.init(key, 1), {"x": x}).probes["g_zzz"] for sim in (full, half))
    np.testing.assert_allclose(narrow.astype(np.float32), wide, rtol=0.06, atol=0.5)


MODELS = sorted({kind: name for name, kind in NEURONS.items()}.values())


def finite(model, rng):
    net = sj.Network()
    net.x = sj.Encoder(num=3, coding_method="null")
    kind, rest = NEURONS[model](), {"condlif": 0.1, "aeif": 0.1, "hh": 0.02, "glif": 0.1}
    potential = "V" in (states := kind.states()) and states["V"].dtype == "float32"
    names = rng.permutation(sorted(RECEPTORS if potential else set(RECEPTORS) - {"nmda"}))[:2]
    E = float(rng.uniform(0, 10)) if potential else None
    receptors = {f"r{i}": RECEPTORS[name](E=E) for i, name in enumerate(names)}
    net.g = sj.NeuronGroup(4, model=model, receptors=receptors)
    for name in receptors:
        setattr(net, name, sj.Connection(net.x, net.g, post_var_name=name, weight=rng.uniform(0, 0.05, (4, 3))))
    sim = sj.build(net, rest.get(model, 0.5))
    x = (rng.random((50, 2, 3)) < 0.2).astype(np.float32)
    result = sim.run(sim.init(jax.random.key(0), 2), {"x": x}, jax.random.key(1))
    assert all(bool(jnp.isfinite(value).all()) for value in result.variables.state.values())
    assert all(float(jnp.abs(result.variables[f"g.{name}.g"]).max()) > 0 for name in receptors)


@pytest.mark.parametrize("model", ["hh", "clif2k", "meanfield"])
def test_models_take_receptors(model):
    finite(model, np.random.default_rng(5))


@pytest.mark.slow
@pytest.mark.parametrize("model", sorted(set(MODELS) - {"hh", "clif2k", "meanfield"}))
def test_every_model_takes_receptors(model):
    finite(model, np.random.default_rng(MODELS.index(model)))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"receptors": {"V": "alpha"}}, "'V' cannot name a receptor of a LIF"),
        ({"receptors": {"Isyn": "alpha"}}, "'Isyn' cannot name a receptor of a LIF"),
        ({"receptors": {"a.b": "alpha"}}, "it must be a word, and none of its own"),
        ({"receptors": ["alpha"]}, "receptors must be receptors by their names"),
        ({"receptors": {"exc": "alfa"}}, "unknown receptor 'alfa': did you mean 'alpha'"),
        ({"receptors": {"exc": "nmda"}, "model": "meanfield"}, "a MeanField has no membrane potential V of real numbers, which the receptor 'exc'"),
        ({"receptors": {"exc": "nmda"}, "model": "diehlandcook"}, "a DiehlAndCook has no membrane potential V of real numbers"),
        ({"receptors": {"exc": ExponentialReceptor(tau=np.ones(3))}}, r"exc.tau has shape \(3,\)"),
        ({"receptors": {"exc": "alpha"}, "parameter_variables": ["exc.tua"]}, "unknown parameter of a LIF to train 'exc.tua'"),
        ({"receptors": {"exc": "alpha"}, "parameter_variables": ["exc.tau"], "varible_ranges": {"exc.tau": (3.0, 4.0)}}, "exc.tau is 2.0, outside"),
    ],
)
def test_what_cannot_be(settings, message):
    with pytest.raises(ValueError, match=message):
        sj.NeuronGroup(2, **({"model": "lif"} | settings))


def test_an_unknown_receptor_is_named():
    net = network({"exc": ExponentialReceptor()}, model="lif")
    net.bad = sj.Connection(net.x, net.g, post_var_name="inh")
    with pytest.raises(ValueError, match="'bad' writes to 'g': unknown variable 'inh'"):
        sj.build(net, 1.0)
    with pytest.raises(ValueError, match="E must be a finite number"):
        NMDAReceptor(E=None)


def test_a_trained_time_constant_keeps_to_its_bounds():
    receptors = {"exc": ExponentialReceptor(tau=3.0)}
    settings = {"parameter_variables": ["exc.tau"], "varible_ranges": {"exc.tau": (2.0, 4.0)}}
    program = sj.build(network(receptors, model="lif", **settings), 1.0).program
    assert program.by_name["g.exc.tau"].role == "parameter" and program.by_name["g.exc.tau"].bounds == (2.0, 4.0)
    free = network(receptors, model="lif", parameter_variables=["exc.tau"], reparametrise={"exc.tau": "sigmoid"})
    sim = sj.build(free, 1.0)
    np.testing.assert_allclose(sim.init(jax.random.key(0))["g.exc.tau_free"], -np.log(np.exp(1 / 3) - 1), rtol=1e-5)


def test_iaf_psc_exp_is_exact_at_every_step():
    """NEST's model and its test: one postsynaptic potential at h = 0.1, 0.2, 0.5 and 1 ms."""
    C, tau_m, tau_s, EL, weight = 250.0, 10.0, 0.5, -65.0, 500.0
    for h in (0.1, 0.2, 0.5, 1.0):
        net = sj.Network()
        net.x = sj.Encoder(num=1, coding_method="null")
        settings = {"v_rest": EL, "v_th": -50.0, "v_reset": EL, "t_ref": 2.0, "R": tau_m / C, "tau_m": tau_m, "tau_s": tau_s}
        net.g = sj.NeuronGroup(1, model="cubalif", order="voltage_first", **settings)
        net.w = sj.Connection(net.x, net.g, weight=np.full((1, 1), weight))
        net.v = sj.StateMonitor(net.g, "V")
        x = np.zeros((round(20 / h), 1))
        x[round(3 / h) - 1] = 1
        v = in_float64(net, h, x)["v"]
        t = np.maximum(h * (1 + np.arange(len(x))) - 3.0, 0)
        psp = weight / C * tau_s * tau_m / (tau_m - tau_s) * (np.exp(-t / tau_m) - np.exp(-t / tau_s))
        np.testing.assert_allclose(v, EL + psp, atol=1e-6, rtol=0)


def test_a_lif_in_physical_units_is_exact_at_every_step():
    for h in (0.1, 1.0, 5.0):
        net = sj.Network()
        net.x = sj.Encoder(num=1, coding_method="null")
        net.g = sj.NeuronGroup(1, model="constantcurrentlif", integrator="exact", tau_m=10.0, R=0.04, v_rest=-65.0, v_th=-50.0, v_reset=-65.0)
        net.w = sj.Connection(net.x, net.g, weight=np.ones((1, 1)))
        net.v = sj.StateMonitor(net.g, "V")
        v = in_float64(net, h, np.full((round(50 / h), 1), 370.0))["v"]
        np.testing.assert_allclose(v, -65 + 0.04 * 370 * (1 - np.exp(-h / 10 * (1 + np.arange(len(v))))), atol=1e-6)
    with pytest.raises(ValueError, match="of integrator 'euler', not 'exact'"):
        ConstantCurrentLIF(integrator="exact", compat=True)


def test_the_synapse_type_nmda_has_a_maximal_conductance(key):
    def current(**settings):
        net = sj.Network()
        net.x = sj.Encoder(num=1, coding_method="null")
        net.g = sj.NeuronGroup(1, model="condlif", v_th=1e3)
        net.w = sj.Connection(net.x, net.g, syn_type=["basic", "nmda"], weight=np.ones((1, 1)), **settings)
        net.i = sj.StateMonitor(net.g, "Isyn")
        sim = sj.build(net, 0.1)
        return sim.run(sim.init(key), {"x": np.ones((1, 1, 1), np.float32)}).probes["i"]

    np.testing.assert_allclose(current(g_max=7.0), 7 * current(), rtol=1e-6)
