"""Sources of noise: their statistics, and those of a membrane under them, at any length of a step."""

import functools

import jax
import numpy as np
import pytest

import spaic_jax as sj
from spaic_jax.neurons import ODE

NUM, BATCH, TAU = 500, 20, 10.0


def leak(p, x, current):
    return {"V": (3.0 * current - x.V) / TAU}


@functools.cache
def membrane(source, dt, choices=(("sigma", 0.7), ("mean", 0.2))):
    """Current and potential of many leaky membranes, every 5 ms after 60 ms, `[T, B, neurons]`."""
    net = sj.Network()
    net.aaa = sj.Generator(NUM, coding_method=source, **dict(choices))
    net.g = sj.NeuronGroup(NUM, model=ODE(rhs=leak, initial={"V": 0.0}, threshold=None, integrator="exponential_euler"))
    net.w = sj.Connection(net.aaa, net.g, "one_to_one", weight=np.ones(NUM))
    net.i, net.v = sj.StateMonitor(net.aaa, "O"), sj.StateMonitor(net.g, "V")
    sim = sj.build(net, dt=dt)
    probes = sim.run(sim.init(jax.random.key(0), BATCH), {}, jax.random.key(1), steps=round(80 / dt)).probes
    every = round(5 / dt)
    return tuple(np.asarray(probes[name])[round(60 / dt) - 1 :: every] for name in "iv")


def close(value, right):
    """Within four standard errors of a variance of 10000 numbers."""
    assert value == pytest.approx(right, rel=4 * np.sqrt(2 / (NUM * BATCH)))


@pytest.mark.parametrize("dt", [0.25, 1.0, 5.0])
def test_white_noise_moves_a_membrane_alike_at_any_step(dt):
    """Variance `(R sigma)^2 / (2 tau)`; a current held for a step takes a factor `tanh(z / 2) / (z / 2)` of it, z = dt / tau."""
    current, v = membrane("white_noise", dt)
    half = dt / TAU / 2
    close(v[0].var(), (3 * 0.7) ** 2 / (2 * TAU) * np.tanh(half) / half)
    close(current[0].var(), 0.7**2 / dt)
    assert v[0].mean() == pytest.approx(0.6, abs=0.03)
    # Steps, neurons and samples are apart.
    for a, b in ((current[0], current[1]), (current[:, :, 0], current[:, :, 1]), (current[:, 0], current[:, 1])):
        assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 4 / np.sqrt(a.size)


@pytest.mark.parametrize("dt", [0.25, 1.0, 5.0])
def test_the_process_of_ornstein_and_uhlenbeck(dt):
    """Variance `sigma^2` and correlation `e^(-s / tau)`, whatever the step."""
    choices = (("sigma", 0.7), ("mean", 0.2), ("tau", 8.0))
    current, v = membrane("ou_noise", dt, choices)
    for values in current:
        close(values.var(), 0.7**2)
        assert values.mean() == pytest.approx(0.2, abs=0.03)
    for lag in (1, 2):
        assert np.corrcoef(current[0].ravel(), current[lag].ravel())[0, 1] == pytest.approx(np.exp(-5 * lag / 8), abs=0.03)
    if dt < 1:
        # Filtered by the membrane: R^2 sigma^2 tau_x / (tau_x + tau).
        close(v[0].var(), (3 * 0.7) ** 2 * 8 / (8 + TAU))
    assert abs(np.corrcoef(current[0, 0], current[0, 1])[0, 1]) < 0.2


def test_it_is_stationary_from_the_first_step_and_goes_slowly():
    net = sj.Network()
    net.x = sj.Generator(NUM, coding_method="ou_noise", sigma=2.0, tau=np.linspace(100, 200, NUM))
    net.g = sj.NeuronGroup(NUM, model="lif")
    net.w, net.i = sj.Connection(net.x, net.g, "one_to_one", weight=np.ones(NUM)), sj.StateMonitor(net.x, "O")
    sim = sj.build(net, dt=1.0)
    got = np.asarray(sim.run(sim.init(jax.random.key(0), BATCH), {}, jax.random.key(1), steps=2).probes["i"])
    close(got[0].var(), 4.0)
    assert np.abs(got[1] - got[0]).std() < 0.3 and np.corrcoef(got[0].ravel(), got[1].ravel())[0, 1] > 0.98
    # Of another key, another draw; after a fresh start too.
    again = np.asarray(sim.run(sim.restart(sim.init(jax.random.key(0), BATCH)), {}, jax.random.key(2), steps=2).probes["i"])
    close(again[0].var(), 4.0)
    assert np.abs(again - got).mean() > 0.5


@pytest.mark.parametrize("source", ["white_noise", "ou_noise"])
def test_noise_is_the_same_by_every_plan_and_in_pieces(source):
    def sim_of(plan, dtype="float32"):
        net = sj.Network()
        net.zzz = sj.Generator(3, coding_method=source, sigma=[0.5, 1.0, 0.0], mean=1.0)
        net.g = sj.NeuronGroup(3, model="lif", v_th=100.0)
        net.w, net.i = sj.Connection(net.zzz, net.g, "one_to_one", weight=np.ones(3)), sj.StateMonitor(net.zzz, "O")
        return sj.build(sj.build(net, dt=0.5).program.astype(dtype), plan=plan)

    key = jax.random.key(3)
    runs = {}
    for plan in (sj.Reference(), sj.Tiled(), sj.Tiled(7)):
        sim = sim_of(plan)
        runs[plan] = np.asarray(sim.run(sim.init(key, 2), {}, key, steps=40).probes["i"])
    first, *others = runs.values()
    for other in others:
        np.testing.assert_allclose(first, other, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(first[..., 2], 1.0)
    variables, seen = sim.init(key, 2), []
    for _ in range(3):
        variables, emitted = sim.step(variables, {}, key)
        seen.append(np.asarray(emitted["i"]))
    np.testing.assert_allclose(seen, first[:3], rtol=1e-6, atol=1e-6)
    half = sim_of(sj.Tiled(), "bfloat16")
    got = np.asarray(half.run(half.init(key, 2), {}, key, steps=40).probes["i"], np.float32)
    np.testing.assert_allclose(got, first, rtol=0.02, atol=0.02)


@pytest.mark.parametrize(
    ("source", "given", "sentence"),
    [
        ("white_noise", {"sigma": -1.0}, "WhiteNoise: sigma must not be negative, got -1.0"),
        ("ou_noise", {"sigma": [0.1, -1.0]}, "OUNoise: sigma must not be negative"),
        ("ou_noise", {"tau": 0.0}, "OUNoise: tau must be positive, got 0.0"),
        ("ou_noise", {"mean": float("nan")}, "OUNoise: mean"),
        ("white_noise", {"sigmma": 1.0}, "sigma"),
    ],
)
def test_what_is_no_noise_is_refused(source, given, sentence):
    with pytest.raises(ValueError, match=sentence):
        sj.Generator(2, coding_method=source, **given)
