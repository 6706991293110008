"""A delay for each presynaptic neuron, beside loops in float64."""

import jax
import numpy as np
import pytest

import spaic_jax as sj
from spaic_jax.plan import stages
from spaic_jax.storage import from_dict, to_dict
from spaic_jax.synapses import Delays, FixedDelay, NeuronDelay, SynapticDelay

RNG = np.random.default_rng()
DT = 0.5


def between(low, high, shape):
    """Delays that are not so near to a whole number of steps that rounding decides which one it is."""
    return (RNG.integers(low, high, shape) + RNG.uniform(0.01, 0.99, shape)) * DT


def late(x, delay):
    """Each neuron's values, as many whole steps later as its delay has; zero before the first step."""
    made = np.zeros_like(x, float)
    for where in np.ndindex(delay.shape):
        k = int(np.floor(delay[where] / DT + 1e-4))
        made[(slice(k, None), slice(None), *where)] = x[(slice(0, len(x) - k), slice(None), *where)]
    return made


def in_pieces(sim, variables, x, cut=5):
    first = sim.run(variables, {"x": x[:cut]})
    second = sim.run(first.variables, {"x": x[cut:]})
    return {name: np.concatenate([first.probes[name], second.probes[name]]) for name in first.probes}


@pytest.mark.parametrize(("plan", "batch"), [(sj.Reference(), 1), (sj.Tiled(), 3), (sj.Tiled(7), 3)])
def test_each_neuron_has_its_delay_in_a_loop_too(plan, batch, key):
    """With delays of less than a step, and of none; the gradient beside finite differences."""
    there, back = between(0, 6, 3), between(2, 6, 2)
    there[0], back[0] = 0.3, 1.0
    net = sj.Network()
    net.x, net.g = sj.Encoder(num=3, coding_method="null"), sj.NeuronGroup(2, model="leaky_integrator", tau_m=4.0)
    net.w = sj.Connection(net.x, net.g, delay=there, w_mean=0.5, w_std=0.5)
    net.r = sj.Connection(net.g, net.g, "sparse", density=0.9, delay=NeuronDelay(value=back), w_std=0.3)
    net.v = sj.StateMonitor(net.g, "V")
    assert isinstance(net.w.delay, NeuronDelay)
    sim = sj.build(from_dict(to_dict(net)), DT, plan=plan)
    variables = sim.init(key, batch)
    x = RNG.normal(size=(17, batch, 3)).astype(np.float32)
    w, r = (np.asarray(variables[f"{name}.weight"], float) for name in "wr")
    r = r * np.asarray(variables["r.mask"])

    def by_hand(w, r):
        v, sent = np.zeros((len(x) + 1, batch, 2)), late(x.astype(float), there)
        for t in range(len(x)):
            came = [v[t - k, :, n] if t >= k else np.zeros(batch) for n, k in enumerate(np.floor(back / DT + 1e-4).astype(int))]
            v[t + 1] = np.exp(-DT / 4) * v[t] + sent[t] @ w.T + np.stack(came, 1) @ r.T
        return v[1:]

    np.testing.assert_allclose(in_pieces(sim, variables, x)["v"], by_hand(w, r), rtol=1e-4, atol=1e-5)
    slope = jax.jit(jax.grad(lambda p: (sim.run(variables.with_params(p), {"x": x}).probes["v"] ** 2).sum()))(variables.params)
    assert set(slope) == {"w.weight", "r.weight"}
    move = RNG.normal(size=w.shape), RNG.normal(size=r.shape) * (r != 0)
    ends = [(by_hand(w + s * move[0], r + s * move[1]) ** 2).sum() for s in (1e-5, -1e-5)]
    along = (slope["w.weight"] * move[0]).sum() + (slope["r.weight"] * move[1]).sum()
    np.testing.assert_allclose(along, (ends[0] - ends[1]) / 2e-5, rtol=2e-3, atol=1e-2)


@pytest.mark.parametrize(
    ("link", "settings", "plan"),
    [
        ("conv", {"kernel_size": 3, "padding": 1}, sj.Reference()), ("conv", {"kernel_size": 3, "padding": 1}, sj.Tiled()),
        ("conv", {"kernel_size": 3, "padding": 1}, sj.Tiled(7)), ("full", {"syn_type": ["flatten", "basic"]}, sj.Tiled()),
        ("pool", {"syn_type": ["sumpool"], "pool_kernel_size": 1, "pool_stride": 1}, sj.Tiled()), ("null", {}, sj.Tiled()),
    ],
)
def test_maps_are_delayed_on_any_link(link, settings, plan, key):
    """What goes through the link is what each pixel gave."""
    shape, delay = (2, 3, 4), between(0, 8, (2, 3, 4)).astype(np.float32)
    made = {}
    x = RNG.normal(size=(14, 3, *shape)).astype(np.float32)
    for name, given, data in (("late", delay, x), ("now", None, late(x, delay).astype(np.float32))):
        net = sj.Network()
        net.x, net.g = sj.Encoder(shape=shape, coding_method="null"), sj.NeuronGroup(shape=shape, model="null")
        net.w = sj.Connection(net.x, net.g, link, delay=given, **settings)
        net.i = sj.StateMonitor(net.g, "Isyn")
        sim = sj.build(from_dict(to_dict(net)), DT, plan=plan)
        made[name] = in_pieces(sim, sim.init(key, 3), data)["i"]
    np.testing.assert_allclose(made["late"], made["now"], rtol=1e-5, atol=1e-6)
    assert np.abs(made["now"]).max() > 0


@pytest.mark.parametrize("gradient", ["bptt", "eprop", "ottt"])
def test_equal_delays_are_one_delay(gradient, key):
    """In values, and by each gradient."""
    made = []
    for delay in (2.0, NeuronDelay(value=np.full(3, 2.0))):
        net = sj.Network()
        net.x = sj.Encoder(num=3, coding_method="null")
        net.g, net.o = sj.NeuronGroup(3, model="lif", reset="soft", detach_reset=True), sj.NeuronGroup(2, model="leaky_integrator")
        net.w, net.r = sj.Connection(net.x, net.g, delay=delay, w_mean=0.5), sj.Connection(net.g, net.g, delay=delay, w_std=0.4)
        net.out, net.d = sj.Connection(net.g, net.o), sj.Decoder(dec_target=net.o, coding_method="final_step_voltage")
        sim = sj.build(net, DT)
        x = np.random.default_rng(3).normal(0.5, 1.0, (20, 2, 3)).astype(np.float32)
        loss = sj.gradients.value_and_grad(sim, lambda outputs, _: (outputs["d"] ** 2).sum(), gradient)
        made.append(loss(sim.init(key, 2), {"x": x}, None))
    jax.tree.map(lambda one, each: np.testing.assert_allclose(one, each, rtol=1e-5, atol=1e-7), *made)


@pytest.mark.parametrize("rule", ["stdp", "nearest_online_stdp"])
def test_rules_see_delayed_spikes(rule, key):
    """With the same delay for all neurons a rule does what it does with one number, to the bit."""
    made = []
    for delay in (1.5, NeuronDelay(value=1.5, min_delay=0.0)):
        net = sj.Network()
        net.x, net.g = sj.Encoder(num=4, coding_method="poisson"), sj.NeuronGroup(3, model="lif")
        net.w = sj.Connection(net.x, net.g, delay=delay, weight=np.full((3, 4), 0.4, np.float32), plasticity=rule)
        sim = sj.build(net, DT).train()
        variables = sim.init(key, 2)
        made.append(sim.run(variables, {"x": np.full((2, 4), 0.5, np.float32)}, key, 60).variables.plastic["w.weight"])
    np.testing.assert_array_equal(*made)
    assert np.ptp(made[0]) > 0


def test_shared_weights_keep_delays_of_their_own(key):
    net = sj.Network()
    net.x, net.g, net.h = sj.Encoder(num=3, coding_method="null"), *(sj.NeuronGroup(2, model="null") for _ in range(2))
    net.w = sj.Connection(net.x, net.g, w_std=0.5)
    net.s = sj.Connection(net.x, net.h, shared=net.w, delay=[0.5, 1.0, 2.0])
    net.i = sj.StateMonitor(net.h, "Isyn")
    sim = sj.build(from_dict(to_dict(net)), DT)
    variables, x = sim.init(key, 2), RNG.normal(size=(9, 2, 3)).astype(np.float32)
    expected = late(x, np.array([0.5, 1.0, 2.0])) @ np.asarray(variables["w.weight"], float).T
    np.testing.assert_allclose(sim.run(variables, {"x": x}).probes["i"], expected, rtol=1e-4, atol=1e-6)
    first = sj.Connection(net.x, net.g, delay=np.ones((2, 3)))
    with pytest.raises(ValueError, match="delays of synapses came beside shared"):
        sj.Connection(net.x, net.g, shared=first, delay=[0.5, 1.0, 2.0])


def test_later_delays_stay_within_those_that_were_declared(key):
    net = sj.Network()
    net.x, net.g = sj.Encoder(num=2, coding_method="null"), sj.NeuronGroup(2, model="null")
    net.w = sj.Connection(net.x, net.g, "null", delay=NeuronDelay(value=[1.0, 3.0], min_delay=0.0))
    net.i = sj.StateMonitor(net.g, "Isyn")
    sim = sj.build(net, DT)
    x = RNG.normal(size=(9, 1, 2)).astype(np.float32)
    new = sim.set(sim.init(key), {"w.delay": np.array([2.5, 0.0], np.float32)})
    np.testing.assert_array_equal(sim.run(new, {"x": x}).probes["i"], late(x, np.array([2.5, 0.0])))
    with pytest.raises(ValueError, match=r"'w\.delay'.* must lie within 0\.0 and 3\.0"):
        sim.set(new, {"w.delay": np.array([2.5, 3.5], np.float32)})


def test_longer_delays_are_cut_to_the_longest(key):
    net = sj.Network()
    net.x, net.g = sj.Encoder(num=3), sj.NeuronGroup(1, model="if")
    net.w = sj.Connection(net.x, net.g, delay=np.array([0.1, 0.3, 0.9], np.float32), max_delay=0.3)
    np.testing.assert_array_equal(sj.build(net, 0.1).init(key)["w.delay"], np.array([0.1, 0.3, 0.3], np.float32))


def test_loops_of_long_delays_are_computed_in_windows(monkeypatch, key):
    """As long as the shortest delay, cut into pieces that no window fits."""
    monkeypatch.setattr(stages, "window_pays", lambda *given: True)
    delay, w, r = between(4, 8, 5), RNG.normal(0.3, 0.5, (5, 4)), RNG.normal(0.0, 0.4, (5, 5))
    delay[0] = 2.0
    net = sj.Network()
    net.x, net.g = sj.Encoder(num=4, coding_method="null"), sj.NeuronGroup(5, model="leaky_integrator", tau_m=4.0)
    net.w, net.r = sj.Connection(net.x, net.g, weight=w), sj.Connection(net.g, net.g, weight=r, delay=delay)
    net.v = sj.StateMonitor(net.g, "V")
    sim = sj.build(net, DT)
    assert "in windows of 4 steps" in sim.describe()
    x = RNG.normal(size=(31, 2, 4)).astype(np.float32)
    v, steps = np.zeros((32, 2, 5)), np.floor(delay / DT + 1e-4).astype(int)
    for t in range(31):
        came = np.stack([v[t - k, :, n] if t >= k else np.zeros(2) for n, k in enumerate(steps)], 1)
        v[t + 1] = np.exp(-DT / 4) * v[t] + x[t] @ w.T + came @ r.T
    np.testing.assert_allclose(in_pieces(sim, sim.init(key, 2), x, 14)["v"], v[1:], rtol=1e-4, atol=1e-4)


def test_an_array_of_synapses_stays_one(key):
    x, one, two = sj.Encoder(shape=(1, 3)), sj.NeuronGroup(1), sj.NeuronGroup(2)
    assert type(sj.Connection(x, one, delay=np.ones((1, 3))).delay) is FixedDelay
    assert type(sj.Connection(x, two, delay=np.ones((1, 3))).delay) is NeuronDelay
    ends = sj.Encoder(num=3), two, "sparse"
    assert type(sj.Connection(*ends, index=([0, 1, 1], [0, 1, 2]), delay=np.ones(3)).delay) is FixedDelay


@pytest.mark.parametrize(
    ("link", "delay", "sentence"),
    [
        ("conv", np.ones((2, 1)), r"a Conv link has no delay for each synapse: give one number of ms, or one for each.* shape \(1, 2, 2\)"),
        ("conv", NeuronDelay(value=np.ones(4)), r"connection 'w': delay has shape \(4,\), but needs \(1, 2, 2\)"),
        ("conv", np.full((1, 2, 2), np.nan), r"NeuronDelay: delay must be finite and at least 0, but delay\[0, 0, 0\] is nan"),
        ("conv", -np.ones((1, 2, 2)), "NeuronDelay: delay must be finite and at least 0"),
        ("conv", np.zeros((1, 2, 2)), "connection 'w': max_delay 0 ms is less than a step of 0.5 ms"),
        ("conv", "neuron", "NeuronDelay: max_delay must say how long a delay may be"),
    ],
)
def test_bad_delays_of_neurons_are_named(link, delay, sentence):
    net = sj.Network()
    net.x, net.g = sj.Encoder(shape=(1, 2, 2)), sj.NeuronGroup(shape=(1, 2, 2))
    with pytest.raises(ValueError, match=sentence):
        net.w = sj.Connection(net.x, net.g, link, delay=delay, padding=1)
        sj.build(net, DT)


@pytest.mark.parametrize("kind", [Delays, SynapticDelay])
def test_what_delays_have_in_common_is_no_delay(kind):
    with pytest.raises(TypeError, match=f"^{kind.__name__} is what delays have in common: use NeuronDelay, FixedDelay"):
        kind(max_delay=3.0)
