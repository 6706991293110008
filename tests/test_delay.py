"""Delays of connections."""

import jax
import numpy as np
import pytest

import spaic_jax as sj
from spaic_jax.network import from_dict, to_dict

PLANS = [{"reference": True}, {"tile": 4}, {}]


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
    slope = jax.grad(lambda p: (sim.run(variables.with_params(p), {"x": x}).probes["v"] ** 2).sum())(variables.params)
    for name, at in (("w", (0, 1)), ("r", (1, 0))):
        step = np.zeros_like(w if name == "w" else r)
        step[at] = 1e-5
        ends = [by_hand(w + s * step * (name == "w"), r) if name == "w" else by_hand(w, r + s * step) for s in (1, -1)]
        numeric = ((ends[0] ** 2).sum() - (ends[1] ** 2).sum()) / 2e-5
        np.testing.assert_allclose(slope[f"{name}.weight"][at], numeric, rtol=2e-3, atol=1e-4)


@pytest.mark.parametrize(
    ("delay", "sentence"),
    [
        (0.7, "the delay of connection 'w' must be a positive whole number of steps: 0.7 ms is 1.4 steps of 0.5 ms"),
        (-1.0, "delay must be a number of milliseconds, not -1.0"),
        (float("nan"), "delay must be a number of milliseconds"),
        ("long", "delay must be a number of milliseconds, not 'long'"),
    ],
)
def test_bad_delays_are_named(delay, sentence):
    with pytest.raises(ValueError, match=sentence):
        delayed(delay)
