"""Synapse types against SPAIC's recordings, closed forms and loops in float64."""

import dataclasses
from typing import ClassVar

import jax
import numpy as np
import pytest
from spaic import golden

import spaic_jax as sj
from spaic_jax import synapses
from spaic_jax.neurons import PerNeuron, variable
from spaic_jax.storage import from_dict, to_dict

DT = 0.5


def driven(syn_type, pre=(3,), post=(2,), link="full", dt=DT, tile=3, model="leaky_integrator", **settings):
    """A group driven through a connection; what it gets is the probe `i`."""
    net = sj.Network()
    net.x = sj.Encoder(shape=pre, coding_method="null")
    net.g = sj.NeuronGroup(shape=post, model=model)
    net.w = sj.Connection(net.x, net.g, link, syn_type=syn_type, **settings)
    net.i = sj.StateMonitor(net.g, "Isyn")
    sim = sj.build(net, dt, plan=sj.Tiled(tile))
    assert sj.build(from_dict(to_dict(net)), dt, plan=sj.Tiled(tile)).program == sim.program
    return sim


def currents(sim, x, key=None, **values):
    """What the reference plan and the tiles give, which is the same."""
    variables = sim.set(sim.init(jax.random.key(0), x.shape[1]), values)
    result = sim.run(variables, {"x": x}, key)
    plain = sj.build(sim.program, plan=sj.Reference()).run(variables, {"x": x}, key)
    np.testing.assert_allclose(result.probes["i"], plain.probes["i"], rtol=1e-5, atol=1e-6)
    return np.asarray(result.probes["i"], np.float64), variables, result


def spikes(steps=13, batch=2, shape=(3,), seed=0, rate=0.4):
    return (np.random.default_rng(seed).random((steps, batch, *shape)) < rate).astype(np.float32)


def test_first_order_gives_spaics_current(key):
    recorded = golden("conn/order1/s1")
    net = sj.Network()
    net.x = sj.Encoder(num=4, coding_method="null")
    net.g = sj.NeuronGroup(4, model="null")
    net.w = sj.Connection(
        net.x, net.g, syn_type=["1_order_synapse"], syn_kwargs={"tau": 4.0}, weight=recorded["weight"].astype(np.float32)
    )
    net.i, net.r = sj.StateMonitor(net.g, "Isyn"), sj.StateMonitor(net.w, "FirstOrder.R")
    # SPAIC's synapse reads the previous step in either strategy.
    sim = sj.build(net, 1.0, "one_step")
    x = recorded["x"].swapaxes(0, 1).astype(np.float32)
    probes = sim.run(sim.init(key, 2), {"x": x}).probes
    np.testing.assert_allclose(probes["i"], recorded["Isyn"], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(probes["r"], recorded["R"], rtol=1e-5, atol=1e-6)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Clamped(sj.neurons.NeuronModel):
    """A potential that is given, whatever the current."""

    class State(sj.neurons.NeuronModel.State):
        V: PerNeuron = variable(0.0)

    receives: ClassVar = ("Isyn", "clamp")
    output: ClassVar = "V"

    def step(self, state, current, clamp):
        return self.State(V=clamp + 0 * current)


@pytest.mark.parametrize("plan", [{"plan": sj.Reference()}, {"plan": sj.Tiled(4)}])
def test_gap_junctions_give_spaics_currents(plan, key):
    """From the potentials that SPAIC recorded: its presynaptic group reads its current a step late."""
    recorded = golden("conn/electrical/s1")
    net = sj.Network()
    net.x, net.y = (sj.Encoder(num=4, coding_method="null") for _ in range(2))
    net.a, net.b = (sj.NeuronGroup(4, model=Clamped()) for _ in range(2))
    net.xa = sj.Connection(net.x, net.a, "null", post_var_name="clamp")
    net.yb = sj.Connection(net.y, net.b, "null", post_var_name="clamp")
    net.ab = sj.Connection(net.a, net.b, syn_type=["electrical"], weight=recorded["weight"])
    net.i, net.j = sj.StateMonitor(net.a, "Isyn"), sj.StateMonitor(net.b, "Isyn")
    sim = sj.build(net, 1.0, **plan)
    probes = sim.run(sim.init(key, 2), {"x": recorded["pre_V"], "y": recorded["post_V"]}).probes
    np.testing.assert_allclose(probes["j"], recorded["Isyn"], rtol=1e-5, atol=1e-7)
    outer = recorded["encO"] @ recorded["W0"].T
    np.testing.assert_allclose(probes["i"][1:], (recorded["pre_Isyn"] - outer)[1:], rtol=1e-4, atol=1e-6)


def test_gap_junctions_draw_potentials_together(key):
    """Two leaky integrators of 4 neurons: the plans agree with a loop in float64, and nothing is late but the gap."""
    weight = np.random.default_rng(0).random((3, 4)).astype(np.float32) / 10
    net = sj.Network()
    net.x = sj.Encoder(num=4, coding_method="null")
    net.a, net.b = sj.NeuronGroup(4, model="leaky_integrator"), sj.NeuronGroup(3, model="leaky_integrator")
    net.xa, net.ab = sj.Connection(net.x, net.a), sj.Connection(net.a, net.b, w_std=0.5)
    net.gap = sj.Connection(net.a, net.b, "electrical", weight=weight)
    net.v, net.u = sj.StateMonitor(net.a, "V"), sj.StateMonitor(net.b, "V")
    x = spikes(shape=(4,))
    assert sj.build(from_dict(to_dict(net)), 1.0).program == sj.build(net, 1.0).program
    for plan in ({"plan": sj.Reference()}, {"plan": sj.Tiled(4)}):
        sim = sj.build(net, 1.0, **plan)
        variables = sim.init(key, 2)
        probes = sim.run(variables, {"x": x}).probes
        xa, ab = (np.asarray(variables[f"{name}.weight"], float) for name in ("xa", "ab"))
        v, u = np.zeros((2, 4)), np.zeros((2, 3))
        for t, row in enumerate(x.astype(float)):
            there = v @ weight.T.astype(float) - u * weight.sum(1)
            back = u @ weight.astype(float) - v * weight.sum(0)
            v = np.exp(-1 / 8) * v + row @ xa.T + back
            u = np.exp(-1 / 8) * u + v @ ab.T + there
            np.testing.assert_allclose(probes["v"][t], v, rtol=1e-4, atol=1e-6)
            np.testing.assert_allclose(probes["u"][t], u, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("plan", [sj.Reference(), sj.Tiled(4)])
def test_a_gap_junction_within_a_group_counts_once(plan, key):
    """`I_i = sum_j W_ij (V_j - V_i)`: the solution of the linear system, of a symmetric matrix and of one that is not."""
    rng = np.random.default_rng(1)
    for symmetric in (True, False):
        weight = rng.random((4, 4)).astype(np.float32) / 10
        weight = (weight + weight.T) / 2 if symmetric else weight
        net = sj.Network()
        net.x = sj.Encoder(num=4, coding_method="null")
        net.a = sj.NeuronGroup(4, model="leaky_integrator")
        net.xa = sj.Connection(net.x, net.a, weight=np.eye(4, dtype=np.float32))
        net.gap = sj.Connection(net.a, net.a, "electrical", weight=weight)
        net.v = sj.StateMonitor(net.a, "V")
        sim = sj.build(net, 1.0, plan=plan)
        x = spikes(shape=(4,))
        got = sim.run(sim.init(key, 2), {"x": x}).probes["v"]
        w = weight.astype(float)
        system = np.exp(-1 / 8) * np.eye(4) + w - np.diag(w.sum(1))
        v = np.zeros((2, 4))
        for row, found in zip(x.astype(float), got, strict=True):
            v = v @ system.T + row
            np.testing.assert_allclose(found, v, rtol=1e-4, atol=1e-6)


def test_exponentials_are_sums_over_past_spikes():
    x = spikes()
    t = np.arange(len(x)) * DT
    since = np.where(np.tril(np.ones((len(x), len(x)))) > 0, t[:, None] - t[None], np.inf)
    forms = {
        "exponential": ({"tau": 3.0}, np.exp(-since / 3.0)),
        "2_order_synapse": ({"tau_r": 5.0, "tau_d": 1.0}, np.exp(-since / 5.0) - np.exp(-since / 1.0)),
        "alpha": ({"tau": 2.0}, np.where(np.isinf(since), 0, (t[:, None] - t[None]) / 2.0) * np.exp(1 - since / 2.0)),
    }
    for name, (settings, kernel) in forms.items():
        got, variables, _ = currents(driven([name], w_std=0.5, **settings), x)
        arriving = x.astype(float) @ np.asarray(variables["w.weight"], float).T
        np.testing.assert_allclose(got, np.einsum("ts,sbi->tbi", kernel, arriving), rtol=1e-4, atol=1e-5, err_msg=name)


def test_mix_order_is_its_equations():
    x = spikes()
    got, variables, _ = currents(driven(["mix_order_synapse"], w_std=0.5, tau_r=2.0, tau_s=8.0, rho=0.6), x)
    s = r = 0.0
    for step, arriving in zip(got, x.astype(float) @ np.asarray(variables["w.weight"], float).T, strict=True):
        s = np.exp(-DT / 8) * s + DT / 8 * (1 - 0.36) * arriving
        r = np.exp(-DT / 2) * r + DT / 2 * (0.36 * arriving + s)
        np.testing.assert_allclose(step, r, rtol=1e-4, atol=1e-6)


def test_nmda_is_blocked_at_rest_and_saturates():
    net = sj.Network()
    net.x = sj.Encoder(num=1, coding_method="null")
    net.g = sj.NeuronGroup(1, model="eif")
    net.w = sj.Connection(net.x, net.g, syn_type=["nmda"], weight=[[1.0]], tau_decay=50.0)
    net.i, net.v = sj.StateMonitor(net.g, "Isyn"), sj.StateMonitor(net.g, "V")
    sim = sj.build(net, DT, plan=sj.Tiled(3))
    variables = sim.init(jax.random.key(0))
    x = np.ones((200, 1, 1), np.float32)
    probes = sim.run(variables, {"x": x}).probes
    v = np.concatenate([np.asarray(variables["g.V"])[None], probes["v"][:-1]]).astype(float).ravel()
    a = g = 0.0
    for step, (before, got) in enumerate(zip(v, np.asarray(probes["i"], float).ravel(), strict=True)):
        a = np.exp(-DT / 2.0) * a + 1.0
        g = np.exp(-DT / 50.0) * g + min(0.5 * DT * a, 1.0) * (1 - g)
        assert 0 <= g <= 1
        expected = g * (0.0 - before) / (1 + np.exp(-0.062 * before) / 3.57)
        np.testing.assert_allclose(got, expected, rtol=1e-3, atol=1e-5, err_msg=str(step))
    with pytest.raises(ValueError, match="NMDA needs groups with a membrane potential V"):
        sj.Connection(net.x, sj.NeuronGroup(2, model="meanfield"), syn_type=["nmda"])


def test_short_term_plasticity_is_event_by_event():
    """Against the solution from spike to spike, of one depressing and one facilitating synapse."""
    x = spikes(steps=40, shape=(1,), rate=0.3)
    for share, tau_rec, tau_facil in ((0.5, 80.0, 1.0), (0.1, 5.0, 100.0)):
        sim = driven(["tsodyks_markram"], (1,), (1,), weight=np.ones((1, 1), np.float32), U=share, tau_rec=tau_rec, tau_facil=tau_facil)
        got, _, _ = currents(sim, x)
        for b in range(2):
            u, r, last = share, 1.0, None
            for t in np.flatnonzero(x[:, b, 0]):
                if last is not None:
                    gap = (t - last) * DT
                    u = share + (u - share) * np.exp(-gap / tau_facil)
                    r = 1 + (r - 1) * np.exp(-gap / tau_rec)
                u += share * (1 - u)
                np.testing.assert_allclose(got[t, b, 0], u * r, rtol=1e-4)
                r -= u * r
                last = t
            assert (got[x[:, b, 0] == 0, b] == 0).all()


def test_types_follow_each_other_in_the_order_given():
    x = spikes()
    sim = driven(["tsodyks_markram", "basic", "alpha", "1_order_synapse"], w_std=0.5)
    assert [op.name for op in sim.program.ops if "w" in op.name and "coeff" not in op.name] == [
        "w.TsodyksMarkram", "w", "w.Alpha", "w.FirstOrder"
    ]
    one, variables, _ = currents(sim, x)
    assert not np.allclose(one, currents(driven(["alpha"], w_std=0.5), x)[0])
    twice = driven([synapses.FirstOrder(tau=2.0), "basic", synapses.FirstOrder(tau=5.0)], w_std=0.5)
    assert {"w.FirstOrder1.R", "w.FirstOrder2.R"} <= set(twice.program.by_name)
    got, variables, _ = currents(twice, x)
    weight = np.asarray(variables["w.weight"], float)
    pre, post = np.zeros((2, 3)), np.zeros((2, 2))
    for step, row in zip(got, x.astype(float), strict=True):
        pre = np.exp(-DT / 2) * pre + row
        post = np.exp(-DT / 5) * post + pre @ weight.T
        np.testing.assert_allclose(step, post, rtol=1e-4, atol=1e-6)


def test_time_constants_can_be_trained():
    x = spikes()
    sim = driven(["2_order_synapse"], w_std=0.5, parameter_variables=["tau_r", "tau_d"])
    variables = sim.init(jax.random.key(0), 2)

    def loss(tau):
        params = variables.params | {"w.SecondOrder.tau_r": tau}
        return (sim.run(variables.with_params(params), {"x": x}).probes["i"] ** 2).sum()

    slope = jax.grad(loss)(jax.numpy.float32(6.0))
    numeric = (loss(jax.numpy.float32(6.03)) - loss(jax.numpy.float32(5.97))) / 0.06
    np.testing.assert_allclose(slope, numeric, rtol=2e-3)
    per_neuron = driven(["1_order_synapse"], w_std=0.5, tau=np.array([2.0, 9.0], np.float32))
    got, both, _ = currents(per_neuron, x)
    for i, tau in enumerate((2.0, 9.0)):
        one, _, _ = currents(driven(["1_order_synapse"], w_std=0.5, tau=tau), x, **{"w.weight": both["w.weight"]})
        np.testing.assert_allclose(got[..., i], one[..., i], rtol=1e-5)


def test_flatten_and_pools_stand_before_a_full_link():
    x = np.random.default_rng(0).normal(size=(4, 2, 1, 4, 6)).astype(np.float32)
    got, variables, _ = currents(driven(["maxpool", "flatten", "basic"], (1, 4, 6), (5,), w_std=0.5), x)
    pooled = x.reshape(4, 2, 2, 2, 3, 2).max((3, 5)).reshape(4, 2, 6).astype(float)
    np.testing.assert_allclose(got, pooled @ np.asarray(variables["w.weight"], float).T, rtol=1e-4, atol=1e-5)


def test_dropout_drops_in_training_only(key):
    x = np.ones((400, 2, 30), np.float32)
    sim = driven(["dropout", "basic"], (30,), (30,), p=0.25, weight=np.eye(30, dtype=np.float32))
    variables = sim.init(key, 2)
    np.testing.assert_array_equal(sim.run(variables, {"x": x}).probes["i"], x)
    got = np.asarray(sim.train().run(variables, {"x": x}, key).probes["i"])
    assert set(np.unique(got)) == {0.0, np.float32(1 / 0.75)}
    assert abs((got == 0).mean() - 0.25) < 0.01
    assert (got[0] != got[1]).any() and (got[:, 0] != got[:, 1]).any()
    other = sj.build(sim.program, plan=sj.Reference()).train().run(variables, {"x": x}, key).probes["i"]
    np.testing.assert_array_equal(got, other)
    with pytest.raises(ValueError, match="key"):
        sim.train().run(variables, {"x": x})


def test_batch_normalisation_learns_in_training_and_holds_in_evaluation(key):
    rng = np.random.default_rng(3)
    x = (rng.normal(size=(200, 4, 2, 5, 5)) * [[[2.0]], [[0.5]]] + [[[3.0]], [[-1.0]]]).astype(np.float32)
    sim = driven(["conv", "batchnorm2d", "avgpool"], (2, 5, 5), (2, 2, 2), "conv", kernel_size=2, w_std=0.5)
    variables = sim.init(key, 4)
    trained = sim.train().run(variables, {"x": x})
    plain = sj.build(sim.program, plan=sj.Reference()).train().run(variables, {"x": x})
    np.testing.assert_allclose(trained.probes["i"], plain.probes["i"], rtol=1e-3, atol=1e-4)
    # In training each step has mean 0 over batch and places.
    maps = np.asarray(trained.probes["i"]).mean((1, 3, 4))
    np.testing.assert_allclose(maps, np.zeros_like(maps), atol=1e-4)
    kernel = np.asarray(variables["w.weight"], float)
    made = sum(
        np.einsum("tbcij,oc->tboij", x[..., i : i + 4, j : j + 4].astype(float), kernel[:, :, i, j])
        for i in range(2) for j in range(2)
    )
    mean, var = np.zeros(2), np.ones(2)
    for step in made:
        mean = 0.9 * mean + 0.1 * step.mean((0, 2, 3))
        var = 0.9 * var + 0.1 * step.transpose(1, 0, 2, 3).reshape(2, -1).var(1, ddof=1)
    after = trained.variables
    np.testing.assert_allclose(after["w.BatchNorm2d.running_mean"], mean, rtol=1e-3)
    np.testing.assert_allclose(after["w.BatchNorm2d.running_var"], var, rtol=1e-3)
    again = sim.restart(after, batch_size=1)
    got = sim.run(again, {"x": x[:2, :1]})
    normal = (made[:2, :1] - mean[:, None, None]) / np.sqrt(var + 1e-5)[:, None, None]
    expected = normal.reshape(2, 1, 2, 2, 2, 2, 2).mean((4, 6))
    np.testing.assert_allclose(got.probes["i"], expected, rtol=1e-3, atol=1e-4)
    np.testing.assert_array_equal(got.variables["w.BatchNorm2d.running_mean"], again["w.BatchNorm2d.running_mean"])


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"syn_type": ["1_order"]}, "unknown syn_type '1_order': did you mean '1_order_synapse'"),
        ({"syn_type": "dropout"}, "syn_type must be a list of names, not 'dropout'"),
        ({"syn_type": [3]}, "syn_type must hold names of synapse types"),
        ({"syn_type": ["basic", "basic"]}, "syn_type must hold 'basic' once"),
        ({"syn_type": ["alpha"], "taus": 3.0}, "unknown setting of link type 'full' 'taus'"),
        ({"syn_type": ["alpha"], "tau": -3.0}, "Alpha: tau must be positive, not -3.0"),
        ({"syn_type": ["alpha"], "tau": np.ones(5, np.float32)}, r"tau has shape \(5,\), but needs one number or \(2,\)"),
        ({"syn_type": ["dropout"], "p": 1.0}, "Dropout: p must be a finite number of at least 0 and below 1, got 1.0"),
        ({"syn_type": ["mix_order_synapse"], "rho": 1.5}, "MixOrder: rho must lie between 0 and 1"),
        ({"syn_type": ["basic", "batchnorm2d"]}, r"connection 'w': batchnorm2d needs maps \(C, H, W\), but gets \(2,\)"),
        ({"syn_type": ["electrical"]}, "Electrical needs groups with a membrane potential V"),
        ({"syn_type": ["alpha"], "parameter_variables": ["tua"]}, "unknown parameter of the synapse types to train 'tua': did you mean 'tau'"),
    ],
)
def test_what_does_not_fit_is_named(settings, sentence):
    with pytest.raises((TypeError, ValueError), match=sentence):
        driven(**settings)


def test_homeostasis_finds_its_mean_in_training_and_holds_it(key):
    rng = np.random.default_rng(0)
    x = (rng.normal(size=(3000, 8, 2)) * [0.3, 4.0] + [0.0, 5.0]).astype(np.float32)
    sim = driven(
        ["basic", "isyn_bn"], (2,), (2,), weight=np.eye(2, dtype=np.float32), beta_bn=0.01, beta_std=0.99, targ_ave=1.0,
        targ_std=0.8,
    )
    variables = sim.init(key, 8)
    trained = sim.train().run(variables, {"x": x})
    plain = sj.build(sim.program, plan=sj.Reference()).train().run(variables, {"x": x})
    np.testing.assert_allclose(trained.probes["i"], plain.probes["i"], rtol=1e-3, atol=1e-3)
    late = np.asarray(trained.probes["i"])[-500:]
    np.testing.assert_allclose(late.mean((0, 1)), [1.0, 1.0], atol=0.1)
    np.testing.assert_allclose(np.abs(late - late.mean((0, 1))).mean((0, 1)), [0.8, 0.8], rtol=0.15)
    held = sim.run(sim.restart(trained.variables), {"x": x[:3]})
    gain, shift = (np.asarray(trained.variables[f"w.Homeostasis.{name}"]) for name in ("gain", "shift"))
    np.testing.assert_allclose(held.probes["i"], x[:3] * gain + shift, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("syn_type", "learned"),
    [
        (["basic", "isyn_bn"], ["Homeostasis.ave", "Homeostasis.std", "Homeostasis.gain", "Homeostasis.shift"]),
        (["batchnorm2d", "flatten", "basic"], ["BatchNorm2d.running_mean", "BatchNorm2d.running_var"]),
    ],
)
def test_what_is_learned_without_a_gradient_is_plastic_and_shared(syn_type, learned, key):
    """Two connections with one weight have one running value too; what both change is added."""
    net = sj.Network()
    net.x, net.y = (sj.Encoder(shape=(1, 2, 2), coding_method="null") for _ in range(2))
    net.a, net.b = (sj.NeuronGroup(4, model="leaky_integrator") for _ in range(2))
    net.w = sj.Connection(net.x, net.a, syn_type=syn_type, w_std=0.5)
    net.u = sj.Connection(net.y, net.b, shared=net.w)
    sim = sj.build(net, DT, plan=sj.Tiled(3))
    variables = sim.init(key, 5)
    names = {f"w.{name}" for name in learned}
    assert set(variables.plastic) == names and not any(name in variables.state for name in names)
    assert all(variables[name].shape in ((4,), (1, 2, 2), (1,)) for name in names)
    rng = np.random.default_rng(2)
    x, y = (rng.normal(size=(1, 5, 1, 2, 2)).astype(np.float32) for _ in range(2))
    zero = np.zeros_like(x)

    def moved(x, y):
        after = sim.train().run(variables, {"x": x, "y": y}).variables
        return {name: np.asarray(after[name], float) - np.asarray(variables[name], float) for name in names}

    both, one, other, neither = moved(x, y), moved(x, zero), moved(zero, y), moved(zero, zero)
    for name in names:
        np.testing.assert_allclose(both[name], one[name] + other[name] - neither[name], rtol=1e-3, atol=1e-6)
        assert np.abs(both[name]).max() > 0
    kept = sim.run(variables, {"x": x, "y": y}).variables
    assert all((np.asarray(kept[name]) == variables[name]).all() for name in names)
    assert all((np.asarray(sim.restart(kept)[name]) == variables[name]).all() for name in names)


@pytest.mark.parametrize(
    ("link", "syn_type", "changed"),
    [
        ("full", ["dropout", "basic"], {"Dropout.p": 0.75}),
        ("full", ["basic", "isyn_bn"], {"Homeostasis.beta_ave": 0.5, "Homeostasis.beta_bn": 0.1}),
        ("spike2mass", None, {"tau_syn": 2.0}),
        ("mass2spike", None, {"unit_conversion": 0.25}),
        ("attention", None, {"tau_m": 3.0, "tau_r": 1.0}),
    ],
)
def test_numbers_of_equations_are_constants_that_can_be_set(link, syn_type, changed, key):
    """What `sim.set` makes of them is what a network declared so gives."""
    x = np.random.default_rng(0).random((6, 2, 3)).astype(np.float32)
    sim = driven(syn_type, link=link).train()
    settings = {name.rpartition(".")[2]: value for name, value in changed.items()}
    other = driven(syn_type, link=link, **settings).train()
    start, wanted = sim.init(key, 2), other.init(key, 2)
    variables = sim.set(start, {f"w.{name}": value for name, value in changed.items()})
    ran = sim.run(variables, {"x": x}, key)
    np.testing.assert_array_equal(ran.probes["i"], other.run(wanted, {"x": x}, key).probes["i"])
    before = sim.run(start, {"x": x}, key)
    assert any((np.asarray(a) != np.asarray(b)).any() for a, b in zip(
        jax.tree.leaves((before.probes, before.variables.plastic)), jax.tree.leaves((ran.probes, ran.variables.plastic)), strict=True
    ))
