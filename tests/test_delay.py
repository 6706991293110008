"""Delays of connections."""

import jax
import numpy as np
import pytest
from cases import often
from spaic import golden

import spaic_jax as sj
from spaic_jax.storage import from_dict, to_dict
from spaic_jax.synapses import DELAYS, SynapticDelay
from spaic_jax.synapses.delays.fixed import whole_steps

#: Those of presynaptic neurons are in test_delay_neuron.
OF_SYNAPSES = {name: kind for name, kind in DELAYS.items() if issubclass(kind, SynapticDelay)}
PLANS = [{"plan": sj.Reference()}, {"plan": sj.Tiled(4)}, {}]


def delayed(delay, propagation="same_step", dt=0.5, loop=None, **plan):
    net = sj.Network()
    net.x = sj.Encoder(shape=(3,), coding_method="null")
    net.g = sj.NeuronGroup(2, model="leaky_integrator", tau_m=4.0)
    net.w = sj.Connection(net.x, net.g, delay=delay, w_mean=0.5, w_std=0.5)
    if loop is not None:
        net.r = sj.Connection(net.g, net.g, delay=loop, w_std=0.5)
    net.i, net.v = sj.StateMonitor(net.g, "Isyn"), sj.StateMonitor(net.g, "V")
    return sj.build(from_dict(to_dict(net)), dt, propagation, **plan)


def shifted(x, steps):
    return np.concatenate([np.zeros_like(x[:steps]), x[: len(x) - steps]])


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize(("propagation", "more"), [("same_step", 0), ("one_step", 1)])
def test_values_arrive_later(plan, propagation, more, key):
    sim = delayed(1.5, propagation, **plan)
    variables = sim.init(key, 2)
    x = np.random.default_rng(0).normal(size=(11, 2, 3)).astype(np.float32)
    got = sim.run(variables, {"x": x}).probes["i"]
    expected = shifted(x, 3 + more) @ np.asarray(variables["w.weight"], float).T
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)
    first = sim.run(variables, {"x": x[:5]})
    second = sim.run(first.variables, {"x": x[5:]})
    np.testing.assert_allclose(np.concatenate([first.probes["i"], second.probes["i"]]), got, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("delay", [None, 0, 0.0])
def test_no_delay_adds_nothing(delay):
    assert delayed(delay).program == delayed(None).program


@pytest.mark.parametrize("plan", PLANS)
def test_delays_in_a_loop_and_their_gradient(plan, key):
    sim = delayed(0.5, loop=1.0, **plan)
    variables = sim.init(key, 2)
    x = np.random.default_rng(1).normal(size=(9, 2, 3)).astype(np.float32)

    def by_hand(w, r):
        v = [np.zeros((2, 2))] * 4  # a loop carries the previous step, and two steps more
        for row in shifted(x, 1).astype(float):
            v.append(np.exp(-0.5 / 4.0) * v[-1] + (row @ w.T + v[-3] @ r.T))
        return np.stack(v[4:])

    w, r = (np.asarray(variables[f"{name}.weight"], float) for name in "wr")
    result = sim.run(variables, {"x": x})
    np.testing.assert_allclose(result.probes["v"], by_hand(w, r), rtol=1e-4, atol=1e-5)
    slope = jax.jit(jax.grad(lambda p: (sim.run(variables.with_params(p), {"x": x}).probes["v"] ** 2).sum()))(variables.params)
    for name, at in (("w", (0, 1)), ("r", (1, 0))):
        step = np.zeros_like(w if name == "w" else r)
        step[at] = 1e-5
        ends = [by_hand(w + s * step * (name == "w"), r) if name == "w" else by_hand(w, r + s * step) for s in (1, -1)]
        numeric = ((ends[0] ** 2).sum() - (ends[1] ** 2).sum()) / 2e-5
        np.testing.assert_allclose(slope[f"{name}.weight"][at], numeric, rtol=2e-3, atol=1e-4)


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize(("recording", "propagation"), [("s0", "one_step"), ("s1", "same_step")])
def test_delays_of_each_synapse_give_spaics_currents(recording, propagation, plan, key):
    recorded = golden(f"conn/full_delay/{recording}")
    # In SPAIC a delay below one step is the longest one.
    delay = np.where(recorded["delay"] < 1.0, np.float32(6.0), recorded["delay"])
    net = sj.Network()
    net.x, net.g = sj.Encoder(num=4, coding_method="null"), sj.NeuronGroup(4, model="null")
    net.w = sj.Connection(net.x, net.g, weight=recorded["weight"], delay=delay, max_delay=6.0)
    net.i = sj.StateMonitor(net.g, "Isyn")
    sim = sj.build(from_dict(to_dict(net)), 1.0, propagation, **plan)
    probes = sim.run(sim.init(key, 2), {"x": recorded["x"].swapaxes(0, 1).astype(np.float32)}).probes
    np.testing.assert_allclose(probes["i"], recorded["Isyn"], rtol=1e-5, atol=1e-6)


def shares(kind, steps, slots, sigma=None):
    """In float64: how much of a weight arrives after each number of steps."""
    k = np.arange(slots)[:, None, None]
    if kind == "fixed":
        return (np.floor(steps + 1e-4) == k).astype(float)
    if kind == "linear":
        return np.maximum(0, 1 - np.abs(steps - k))
    if kind == "rotation":
        return np.exp(-k * 0.5 / 10.0 + 6.0 * (np.cos(np.pi * (k - steps) / slots) - 1))
    bell = np.exp(-((k - steps) ** 2) / 2 / sigma**2)
    return bell / bell.sum(0)


@pytest.mark.parametrize("plan", often(PLANS, PLANS[1:2]))
@pytest.mark.parametrize("kind", OF_SYNAPSES)
def test_delays_of_each_synapse_and_their_gradient(kind, plan, key):
    """Feed-forward and in a loop, beside loops in float64 and finite differences."""
    rng = np.random.default_rng(5)
    dt, longest = 0.5, 2.2
    there, back = rng.uniform(0, longest, (2, 3)), rng.uniform(0, longest, (2, 2))
    chosen = {"sigma": 0.4} if kind == "gaussian" else {}
    net = sj.Network()
    net.x, net.g = sj.Encoder(num=3, coding_method="null"), sj.NeuronGroup(2, model="leaky_integrator", tau_m=4.0)
    make = lambda d: DELAYS[kind](value=d.astype(np.float32), max_delay=longest, **chosen)  # noqa: E731
    net.w = sj.Connection(net.x, net.g, delay=make(there), w_mean=0.5, w_std=0.5, bias=np.array([0.1, -0.2], np.float32))
    net.r = sj.Connection(net.g, net.g, "sparse", density=0.8, delay=make(back), w_std=0.3)
    net.v = sj.StateMonitor(net.g, "V")
    sim = sj.build(from_dict(to_dict(net)), dt, **plan)
    variables = sim.init(key, 2)
    x = rng.normal(size=(9, 2, 3)).astype(np.float32)
    w, r = (np.asarray(variables[f"{name}.weight"], float) for name in "wr")
    r = r * np.asarray(variables["r.mask"])

    def by_hand(there, back):
        slots = 6
        ahead = w * shares(kind, there / dt, slots, 0.8), r * shares(kind, back / dt, slots, 0.8)
        v = [np.zeros((2, 2))]
        for t in range(len(x)):
            current = np.array([0.1, -0.2])
            for k in range(slots):
                current = current + (x[t - k].astype(float) @ ahead[0][k].T if t >= k else 0)
                current = current + (v[t - k] @ ahead[1][k].T if t >= k else 0)  # a loop carries the previous step
            v.append(np.exp(-dt / 4) * v[-1] + current)
        return np.stack(v[1:])

    np.testing.assert_allclose(sim.run(variables, {"x": x}).probes["v"], by_hand(there, back), rtol=1e-4, atol=1e-5)
    slope = jax.jit(jax.grad(lambda p: (sim.run(variables.with_params(p), {"x": x}).probes["v"] ** 2).sum()))(variables.params)
    assert ("w.delay" in slope) == (kind != "fixed")
    if kind == "fixed":
        return
    for name, value in (("w.delay", there), ("r.delay", back)):
        numeric = np.zeros_like(value)
        for at in np.ndindex(value.shape):
            ends = []
            for sign in (1, -1):
                moved = value.copy()
                moved[at] += sign * 1e-5
                ends.append((by_hand(*((moved, back) if name == "w.delay" else (there, moved))) ** 2).sum())
            numeric[at] = (ends[0] - ends[1]) / 2e-5
        np.testing.assert_allclose(slope[name], numeric, rtol=2e-3, atol=1e-3)


def test_drawn_delays_lie_where_they_are_drawn(key):
    net = sj.Network()
    net.x, net.g = sj.Encoder(num=40, coding_method="null"), sj.NeuronGroup(50, model="if")
    net.w = sj.Connection(net.x, net.g, max_delay=6.0)
    drawn = np.asarray(sj.build(net, 1.0).init(key)["w.delay"])
    assert drawn.shape == (50, 40) and 1.0 <= drawn.min() < 1.1 and 5.9 < drawn.max() <= 6.0


@pytest.mark.parametrize("name", DELAYS)
def test_kinds_of_delays_go_by_name(name):
    x, g = sj.Encoder(num=3), sj.NeuronGroup(2)
    made = sj.Connection(x, g, delay=name.upper(), max_delay=np.float32(4.0)).delay
    assert type(made) is DELAYS[name] and made.max_delay == 4.0
    assert sj.Connection(x, g, delay=np.int64(2)).delay == sj.Connection(x, g, delay=np.array(2.0)).delay == 2.0
    with pytest.raises(ValueError, match="max_delay 4.0 came beside one delay of all synapses, 2 ms"):
        sj.Connection(x, g, delay=2.0, max_delay=4.0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("dt", "steps"), [(0.1, [0, 1, 3, 7, 160]), (0.01, [1, 29, 1605, 16383]), (0.3, [3, 2001]), (0.7, [9])])
def test_a_delay_of_whole_steps_takes_so_many_whatever_its_length(dt, steps, dtype, key):
    """A time of n steps in ms is n steps although neither it nor dt is exact; half a step more is rounded down."""
    delays = np.array([[n * dt, (n + 0.5) * dt] for n in steps], dtype).ravel()[:, None]
    kept = whole_steps(np.float32(delays), slots=max(steps) + 2, dt=dt)
    np.testing.assert_array_equal(np.argmax(kept, 0).ravel(), np.repeat(steps, 2))
    net = sj.Network()
    net.x, net.g = sj.Encoder(num=1, coding_method="null"), sj.NeuronGroup(2, model="null")
    net.w = sj.Connection(net.x, net.g, weight=np.ones((2, 1), np.float32), delay=delays[-2:])
    net.i = sj.StateMonitor(net.g, "Isyn")
    sim = sj.build(net, dt)
    x = np.zeros((steps[-1] + 3, 1, 1), np.float32)
    x[1] = 1.0
    current = np.asarray(sim.run(sim.init(key), {"x": x}).probes["i"])[:, 0]
    np.testing.assert_array_equal(np.argmax(current, 0), [steps[-1] + 1] * 2)
    assert current.sum() == 2


@pytest.mark.parametrize("kind", DELAYS.values())
@pytest.mark.parametrize("wrong", [-0.1, np.nan, np.inf])
def test_the_first_wrong_delay_of_any_kind_is_named(kind, wrong):
    with pytest.raises(ValueError, match=rf"{kind.__name__}: delay must be finite and at least 0, but delay\[1, 2\] is {wrong:g}"):
        kind(value=[[1.0, 2.0, 3.0], [0.0, 1.5, wrong]], max_delay=4.0)


def test_a_delay_is_found_by_training(key):
    """Two neurons that should fire in answer to spikes of 2 and 5 ms before."""
    net = sj.Network()
    net.x, net.g = sj.Encoder(num=1, coding_method="null"), sj.NeuronGroup(2, model="leaky_integrator", tau_m=1.0)
    net.w = sj.Connection(
        net.x, net.g, weight=np.ones((2, 1), np.float32),
        delay=sj.synapses.GaussianDelay(value=np.full((2, 1), 3.5, np.float32), max_delay=8.0, sigma=2.0),
    )
    net.i = sj.StateMonitor(net.g, "Isyn")
    sim = sj.build(net, 1.0)
    variables = sim.init(key)
    x = np.zeros((12, 1, 1), np.float32)
    x[1] = 1.0
    wanted = np.zeros((12, 1, 2), np.float32)
    wanted[3, 0, 0] = wanted[6, 0, 1] = 1.0
    loss = jax.jit(jax.grad(lambda p, v: ((sim.run(v.with_params(p), {"x": x}).probes["i"] - wanted) ** 2).sum()))
    for sigma in (2.0, 1.0, 0.5):
        variables = sim.set(variables, {"w.sigma": sigma})
        for _ in range(150):
            slope = loss(variables.params, variables)["w.delay"]
            new = sim.project({"w.delay": variables["w.delay"] - 0.5 * slope, "w.weight": variables["w.weight"]})
            variables = variables.with_params(new)
    np.testing.assert_allclose(variables["w.delay"].ravel(), [2.0, 5.0], atol=0.1)


@pytest.mark.parametrize(
    ("link", "delay", "sentence"),
    [
        ("full", np.zeros((2, 3)), "max_delay 0 ms is less than a step of 0.5 ms"),
        ("full", np.ones((3, 2)), r"delay has shape \(3, 2\), but needs \(2, 3\)"),
        ("full", -np.ones((2, 3)), r"FixedDelay: delay must be finite and at least 0, but delay\[0, 0\] is -1"),
        ("full", sj.program.Normal(2.0, 1.0), "FixedDelay: max_delay must say how long a delay may be"),
        ("full", sj.program.Uniform(-1.0, 3.0), "FixedDelay: delays must be at least 0 ms, but are drawn from Uniform"),
        ("conv", np.ones((2, 3)), "a Conv link has no delay for each synapse"),
        ("sparse_sparse", sj.synapses.LinearDelay(max_delay=3.0), "connection 'w': storage 'pairs' has no delay for each synapse, but fixed ones: use 'masked' or"),
    ],
)
def test_bad_delays_of_synapses_are_named(link, delay, sentence):
    net = sj.Network()
    net.x, net.g = sj.Encoder(num=3), sj.NeuronGroup(2)
    with pytest.raises(ValueError, match=sentence):
        net.w = sj.Connection(net.x, net.g, link, delay=delay)
        sj.build(net, 0.5)


@pytest.mark.parametrize(
    ("delay", "sentence"),
    [
        (0.7, "the delay of connection 'w' must be a positive whole number of steps: 0.7 ms is 1.4 steps of 0.5 ms"),
        (-1.0, "delay, in ms, must be a finite number of at least 0, got -1.0"),
        (float("nan"), "delay, in ms, must be a finite number of at least 0, got nan"),
        ("linaer", "unknown delay 'linaer': did you mean 'linear'"),
        ([[1.0, 2.0, 3.0], [4.0, -0.5, 6.0]], r"delay must be finite and at least 0, but delay\[1, 1\] is -0.5"),
        ([[1.0, np.nan, 3.0], [4.0, np.inf, 6.0]], r"FixedDelay: delay must be finite and at least 0, but delay\[0, 1\] is nan"),
        ("fixed", "FixedDelay: max_delay must say how long a delay may be"),
    ],
)
def test_bad_delays_are_named(delay, sentence):
    with pytest.raises(ValueError, match=sentence):
        delayed(delay)


@pytest.mark.parametrize("kind", OF_SYNAPSES.values())
def test_longer_delays_are_cut_to_the_longest(kind, key):
    """Exactly so, although 0.3 is no float32 number."""
    net = sj.Network()
    net.x, net.g = sj.Encoder(num=3), sj.NeuronGroup(1, model="if")
    net.w = sj.Connection(net.x, net.g, delay=kind(value=np.array([[0.1, 0.3, 0.9]], np.float32), max_delay=0.3))
    np.testing.assert_array_equal(sj.build(net, 0.1).init(key)["w.delay"], np.array([[0.1, 0.3, 0.3]], np.float32))
