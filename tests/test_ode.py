"""`ODE`: rules of spikes, inputs, refractory periods, time and noise, beside loops in double precision and closed forms."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from cases import often

import spaic_jax as sj
from spaic_jax.neurons import ODE

PLANS = [sj.Reference(), sj.Tiled(), sj.Tiled(7)]


def built(model, dt, inputs=(), watched=(), plan=None, dtype="float64", num=3):
    """A simulator of some neurons of a model, whose inputs are data of their own names."""
    net = sj.Network()
    net.zzz = sj.NeuronGroup(num, model=model)
    for name in inputs:
        setattr(net, f"x_{name}", sj.Encoder(num=num, coding_method="null"))
        setattr(net, f"w_{name}", sj.Connection(getattr(net, f"x_{name}"), net.zzz, post_var_name=name, weight=np.eye(num)))
    for name in watched:
        setattr(net, f"m_{name}", sj.StateMonitor(net.zzz, name))
    return sj.build(sj.build(net, dt=dt).program.astype(dtype), plan=plan or sj.Tiled())


def rhs(p, x, current, g, t):
    """A membrane with a slow current, a conductance and a drive of its own."""
    return {"V": (current + g * (p.E - x.V) - x.V - x.w + 0.3 * jnp.sin(t)) / p.tau, "w": (0.5 * x.V - x.w) / 30.0}


def limit(p, x):
    return 1.0 + p.rise * x.w


def rule(p, x):
    return {"V": 0.2 * x.V - 0.1, "w": x.w + p.jump}


VALUES = {"E": 5.0, "tau": np.array([8.0, 10.0, 12.0]), "rise": 0.2, "jump": 0.1}


def loop(integrator, current, g, dt, held):
    """Potential, slow current and spikes after each step, by equations and integrators written out."""
    v, w, left = np.zeros((3, *current.shape[1:]))
    found = []
    for k, (i, c) in enumerate(zip(current, g, strict=True)):

        def slopes(v, w, i=i, c=c, t=k * dt, free=left == 0):
            v = np.minimum(v, 1 + 0.2 * w)
            return free * (i + c * (5 - v) - v - w + 0.3 * np.sin(t)) / VALUES["tau"], (0.5 * v - w) / 30

        def relax(x, slope, bend, time):
            return x + np.where(bend == 0, time * slope, slope * np.expm1(bend * time) / np.where(bend == 0, 1, bend))

        bend = np.where((left == 0) & (v < 1 + 0.2 * w), -(1 + c) / VALUES["tau"], 0)
        a, b = slopes(v, w)
        if integrator == "euler":
            v, w = v + dt * a, w + dt * b
        elif integrator == "exponential_euler":
            v, w = relax(v, a, bend, dt), relax(w, b, -1 / 30, dt)
        elif integrator == "heun":
            a2, b2 = slopes(v + dt * a, w + dt * b)
            v, w = v + dt / 2 * (a + a2), w + dt / 2 * (b + b2)
        else:
            v = relax(v, a, bend, dt / 2)
            # Above the threshold the equations see the threshold, which does not move with the potential, but with w.
            w = relax(w, slopes(v, w)[1], np.where(v < 1 + 0.2 * w, -1, 0.5 * 0.2 - 1) / 30, dt)
            bend = np.where((left == 0) & (v < 1 + 0.2 * w), -(1 + c) / VALUES["tau"], 0)
            v = relax(v, slopes(v, w)[0], bend, dt / 2)
        fired = (v > 1 + 0.2 * w) & (left == 0)
        v, w = np.where(fired, 0.2 * v - 0.1, v), np.where(fired, w + 0.1, w)
        left = np.where(fired, held, np.maximum(left - 1, 0))
        found.append((v, w, fired))
    return [np.array(x) for x in zip(*found, strict=True)]


@pytest.mark.parametrize(
    ("integrator", "plan"),
    [*((name, PLANS[1]) for name in ("euler", "exponential_euler", "heun", "strang")), ("strang", PLANS[0]), ("strang", PLANS[2])],
)
def test_rules_inputs_and_refractory_periods_are_those_of_a_loop(integrator, plan):
    model = ODE(
        rhs=rhs, initial={"V": 0.0, "w": 0.0}, values=VALUES, inputs=("Isyn", "ggg", "t"), threshold=limit, reset=rule, t_ref=2.0,
        integrator=integrator,
    )
    rng = np.random.default_rng(5)
    current, g = rng.normal(1.0, 1.0, (300, 2, 3)), rng.uniform(0, 0.5, (300, 2, 3))
    with jax.enable_x64(True):
        sim = built(model, 0.5, ("Isyn", "ggg"), ("V", "w", "O"), plan)
        probes = sim.run(sim.init(jax.random.key(0), 2), {"x_Isyn": current, "x_ggg": g}).probes
    expected = loop(integrator, current, g, 0.5, 4)
    assert expected[2].sum() > 50
    for name, value in zip(("m_V", "m_w", "m_O"), expected, strict=True):
        np.testing.assert_allclose(probes[name], value, rtol=0, atol=1e-10)


def leak(p, x, current):
    return {"V": (current - x.V) / p.tau}


def test_without_a_reset_spikes_are_crossings_and_a_refractory_period_holds_nothing():
    """A swinging potential: of its crossings every 5 ms a period of 7 ms leaves every other one."""
    t = np.arange(400) * 0.1
    drive = np.broadcast_to((2 * np.sin(2 * np.pi * (t - 0.05) / 5))[:, None, None], (400, 1, 3))
    got = {}
    for t_ref in (0.0, 7.0):
        model = ODE(rhs=leak, initial={"V": 0.0}, values={"tau": 0.5}, threshold=0.5, reset=None, t_ref=t_ref, integrator="strang")
        with jax.enable_x64(True):
            sim = built(model, 0.1, ("Isyn",), ("V", "O"))
            probes = sim.run(sim.init(jax.random.key(0)), {"x_Isyn": drive}).probes
            got[t_ref] = {name: np.asarray(value) for name, value in probes.items()}
    np.testing.assert_array_equal(got[0.0]["m_V"], got[7.0]["m_V"])
    every, fewer = (np.flatnonzero(got[t_ref]["m_O"][:, 0, 1]) for t_ref in (0.0, 7.0))
    v = got[0.0]["m_V"][:, 0, 1]
    np.testing.assert_array_equal(every, np.flatnonzero((v[1:] > 0.5) & (v[:-1] <= 0.5)) + 1)
    assert len(every) == 8
    np.testing.assert_array_equal(fewer, every[::2])


def still(p, x, current):
    return {"aaa": 0 * current, "V": (current - x.V) / p.tau}


def test_time_goes_on_over_pieces():
    """`t` is the time at which a step begins, in a piece of a run too."""
    def clock(p, x, current, t):
        return {"T": t - x.T}

    model = ODE(rhs=clock, initial={"T": 0.0}, inputs=("Isyn", "t"), threshold=None)
    assert model.receives == ("Isyn",) and model.output == "T"
    sim = built(model, 1.0, ("Isyn",), ("T",), dtype="float32")
    variables, seen = sim.init(jax.random.key(0)), []
    for _ in range(7):
        variables, _ = sim.step(variables, {"x_Isyn": np.zeros((1, 3), np.float32)})
        seen.append(float(variables.state["zzz.T"][0, 0]))
    # T after a step of forward Euler of length 1 is the t that it saw.
    assert seen == list(range(7))
    with pytest.raises(ValueError, match="'t'"):
        net = sj.Network()
        net.x, net.g = sj.Encoder(num=3), sj.NeuronGroup(3, model=model)
        net.w = sj.Connection(net.x, net.g, post_var_name="t")
        sj.build(net, dt=1.0)


@functools.cache
def settled(integrator, dt, sigma="own"):
    """The potential of many leaky neurons under noise alone, each tenth millisecond after 100 ms, `[T, B, neurons]`."""
    values = {"tau": 10.0, "own": np.full(500, 0.4)}
    model = ODE(rhs=still, initial={"aaa": 3.0, "V": 0.0}, values=values, noise={"V": sigma}, threshold=None, integrator=integrator)
    sim = built(model, dt, (), ("V", "aaa"), dtype="float32", num=500)
    probes = sim.run(sim.init(jax.random.key(0), 40), {}, jax.random.key(1), steps=round(150 / dt)).probes
    assert np.ptp(probes["m_aaa"]) == 0
    return np.asarray(probes["m_V"][round(100 / dt) :: max(round(10 / dt), 1)])


@pytest.mark.parametrize("integrator", ["euler", "exponential_euler", "heun", "strang", "rk4"])
@pytest.mark.parametrize("dt", often([0.5, 5.0], [5.0]))
def test_the_variance_of_noise_is_that_of_the_closed_form(integrator, dt):
    """Under `V' = -V / tau + sigma xi` it is `sigma^2 tau / 2` at any dt, and at long steps what the integrator's decay makes of it."""
    z = dt / 10
    decay = {"euler": 1 - z, "heun": 1 - z + z**2 / 2, "rk4": sum((-z) ** n / d for n, d in enumerate((1, 1, 2, 6, 24)))}
    kick = dt if integrator == "euler" else 5 * -np.expm1(-2 * z)
    right = 0.4**2 * kick / (1 - decay.get(integrator, np.exp(-z)) ** 2)
    if integrator in ("exponential_euler", "strang"):
        assert right == pytest.approx(0.4**2 * 5)
    v = settled(integrator, dt)
    # 20000 neurons: the standard error of a variance is 1 %.
    assert v[0].var() == pytest.approx(right, rel=0.04) and abs(v[0].mean()) < 0.04
    assert np.corrcoef(v[0].ravel(), v[1].ravel())[0, 1] == pytest.approx(np.exp(-1), abs=0.03 if dt < 1 else 0.12)
    # Neurons and samples are apart.
    assert abs(np.corrcoef(v[0, 0], v[0, 1])[0, 1]) < 0.2 and abs(np.corrcoef(v[0, :, 0], v[0, :, 1])[0, 1]) < 0.6


def test_no_noise_is_noise_of_size_zero_and_a_parameter_is_its_size():
    quiet = settled("strang", 5.0, 0.0)
    np.testing.assert_array_equal(quiet, 0)
    np.testing.assert_allclose(settled("strang", 5.0, 0.4), settled("strang", 5.0), rtol=1e-6)


@pytest.mark.parametrize("plan", PLANS[1:])
def test_noise_is_the_same_by_every_plan_and_in_steps(plan):
    model = ODE(rhs=leak, initial={"V": 0.0}, values={"tau": 5.0}, threshold=0.5, noise={"V": 0.4}, t_ref=1.0, integrator="strang")
    key, data = jax.random.key(4), np.full((40, 2, 3), 0.3, np.float32)
    sims = [built(model, 0.5, ("Isyn",), ("V", "O"), p, "float32") for p in (sj.Reference(), plan)]
    runs = [sim.run(sim.init(key, 2), {"x_Isyn": data}, key).probes for sim in sims]
    assert runs[0]["m_O"].sum() > 3
    for name in ("m_V", "m_O"):
        np.testing.assert_allclose(runs[0][name], runs[1][name], atol=1e-6)
    variables = sims[1].init(key, 2)
    for k in range(40):
        variables, _ = sims[1].step(variables, {"x_Isyn": data[k]}, key)
    np.testing.assert_allclose(variables.state["zzz.V"], runs[0]["m_V"][-1], atol=1e-6)


def test_what_is_drawn_is_drawn_one_a_neuron():
    """Of thresholds, parameters and sizes of noise; each neuron fires by its own."""
    model = ODE(
        rhs=leak, initial={"V": 0.0}, values={"tau": sj.program.Uniform(5.0, 20.0), "size": sj.program.Uniform(0.0, 1e-9)},
        threshold=sj.program.Uniform(0.5, 0.9), noise={"V": "size"}, integrator="exponential_euler",
    )
    sim = built(model, 0.5, ("Isyn",), ("O",), dtype="float32")
    variables = sim.init(jax.random.key(0))
    probes = sim.run(variables, {"x_Isyn": np.ones((100, 1, 3), np.float32)}, jax.random.key(1)).probes
    tau, limit = (np.asarray(variables.constants[f"zzz.{name}"]) for name in ("tau", "threshold"))
    assert len(set(tau)) == 3 and ((limit > 0.5) & (limit < 0.9)).all()
    steps = np.ceil(-tau * np.log(1 - limit) / 0.5)
    np.testing.assert_array_equal(np.asarray(probes["m_O"])[:, 0].argmax(0) + 1, steps)


def adex(p, x, current):
    return {
        "V": (p.gL * (p.EL - x.V + p.delta_t * jnp.exp((x.V - p.v_th) / p.delta_t)) - x.U + current) / p.C,
        "U": (p.a * (x.V - p.EL) - x.U) / p.tau_w,
    }


def adex_reset(p, x):
    return {"V": p.EL, "U": x.U + p.b}


@pytest.mark.parametrize("integrator", ["euler", "strang"])
def test_adex_in_equations_of_ones_own_is_the_model(integrator):
    numbers = {"EL": -70.6, "a": 4.0, "b": 80.5, "v_th": -50.4, "delta_t": 2.0, "C": 281.0, "tau_w": 144.0, "gL": 30.0}
    own = ODE(
        rhs=adex, initial={"V": -70.6, "U": 0.0}, values=numbers, threshold=20.0, reset=adex_reset, t_ref=3.0, integrator=integrator
    )
    there = sj.neurons.AEIF(**numbers, t_ref=3.0, integrator=integrator)
    drive = np.broadcast_to(np.float64([800.0, 1000.0, 1500.0]), (1500, 1, 3))
    with jax.enable_x64(True):
        runs = []
        for model in (own, there):
            sim = built(model, 0.1, ("Isyn",), ("V", "U", "O"))
            probes = sim.run(sim.init(jax.random.key(0)), {"x_Isyn": drive}).probes
            runs.append({name: np.asarray(value) for name, value in probes.items()})
    assert runs[0]["m_O"].sum() > 15
    for name in ("m_V", "m_U", "m_O"):
        np.testing.assert_allclose(runs[0][name], runs[1][name], rtol=1e-9, atol=1e-7)


def test_a_trained_rule_has_a_gradient():
    """The jump of a reset and the size of noise beside finite differences, over a run without a change of spikes."""
    def run(params):
        result = sim.run(variables.with_params(params), {"x_Isyn": data}, jax.random.key(2))
        return (result.probes["m_w"] ** 2).sum() + result.probes["m_V"].sum()

    net = sj.Network()
    model = ODE(
        rhs=lambda p, x, i: {"V": (i - x.V) / 10.0, "w": -x.w / 30.0}, initial={"V": 0.0, "w": 0.0},
        values={"jump": 0.3, "size": 0.001}, threshold=1.0, reset=lambda p, x: {"V": 0 * x.V, "w": x.w + p.jump},
        noise={"w": "size"}, integrator="strang",
    )
    net.zzz = sj.NeuronGroup(3, model=model, parameter_variables=["jump", "size"])
    net.x_Isyn = sj.Encoder(num=3, coding_method="null")
    net.w = sj.Connection(net.x_Isyn, net.zzz, weight=np.eye(3), is_parameter=False)
    net.m_w, net.m_V = sj.StateMonitor(net.zzz, "w"), sj.StateMonitor(net.zzz, "V")
    data = np.full((60, 2, 3), 1.8)
    with jax.enable_x64(True):
        sim = sj.build(sj.build(net, dt=1.0).program.astype("float64"))
        variables = sim.init(jax.random.key(0), 2)
        slopes = jax.grad(run)(variables.params)
        for name, slope in slopes.items():
            low, high = (run(variables.params | {name: variables.params[name] + e}) for e in (-1e-5, 1e-5))
            assert abs(float(slope)) > 0
            np.testing.assert_allclose(slope, (high - low) / 2e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("given", "error", "sentence"),
    [
        ({"rhs": 3}, TypeError, "rhs must be a hashable function, not 3"),
        ({"initial": {}}, ValueError, "at least one state variable"),
        ({"values": {"V": 1.0}}, ValueError, "'V' already names something else"),
        ({"inputs": ("tau",)}, ValueError, "'tau' already names something else"),
        ({"initial": {"V": 0.0, "refrac": 0.0}}, ValueError, "'refrac' already names something else"),
        ({"noise": {"W": 1.0}}, ValueError, "unknown variable of noise 'W'"),
        ({"noise": {"V": "tou"}}, ValueError, "unknown parameter of the noise of V 'tou'.*tau"),
        ({"limits": {"W": 1.0}}, ValueError, "unknown variable of limits 'W'"),
        ({"limits": {"V": 0.0}}, ValueError, "limit of V must be a positive, finite number, got 0.0"),
        ({"noise": {"V": -1.0}}, ValueError, "noise of V must not be negative, not -1"),
        ({"noise": {"V": float("nan")}}, ValueError, "noise of V"),
        ({"initial": {"V": float("nan")}}, ValueError, "nan"),
        ({"values": {"tau": float("inf")}}, ValueError, "tau must be a finite number"),
        ({"t_ref": 2.0, "threshold": None}, ValueError, "t_ref is 2.0, but without a threshold"),
        ({"integrator": "rk2"}, ValueError, "unknown integrator 'rk2'"),
    ],
)
def test_what_no_model_can_be_made_of_is_told_at_once(given, error, sentence):
    with pytest.raises(error, match=sentence):
        ODE(**({"rhs": leak, "initial": {"V": 0.0}, "values": {"tau": 5.0}, "threshold": 1.0} | given))


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"rhs": lambda p, x, i: {"W": i}}, r"derivatives of \['V'\], not of \['W'\]"),
        ({"rhs": lambda p, x, i: i}, r"derivatives of \['V'\], not"),
        ({"rhs": lambda p, x, i: {"V": i[0]}}, r"derivative of V has shape \(1,\), but V has \(1, 1\)"),
        ({"reset": lambda p, x: {"v": 0.0}}, "unknown variable 'v'"),
        ({"t_ref": 0.3}, "t_ref"),
    ],
)
def test_what_no_step_can_be_made_of_is_told_at_build(given, sentence):
    model = ODE(**({"rhs": leak, "initial": {"V": 0.0}, "values": {"tau": 50.0}, "threshold": 1.0} | given))
    with pytest.raises(ValueError, match=sentence):
        built(model, 1.0, ("Isyn",))
