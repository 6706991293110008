"""Sources of brain simulations beside what they say: statistics, events and values by steps, pieces, batches, long runs."""

import dataclasses
import math

import jax
import numpy as np
import pytest

import spaic_jax as sj
from spaic_jax.coding.generators import PoissonHz, SpikeList
from spaic_jax.coding.generators.poisson_hz import levels_of_chance, levels_of_counts


def network(sources):
    """Sources by name, and what they give as the probes of `<name>_seen`."""
    net = sj.Network()
    net.g = sj.NeuronGroup(4, model="if")
    for name, settings in sources.items():
        net.add(name, sj.Generator(4, dec_target=net.g, **settings))
        net.add(f"{name}_seen", sj.StateMonitor(net.members[name], "O"))
    return net


def all_emitted(sources, steps, dt=0.1, batch=1, plan=None):
    """What sources give by name, `[T, B, 4]`."""
    sim = sj.build(network(sources), dt, **({} if plan is None else {"plan": plan}))
    probes = sim.run(sim.init(jax.random.key(0), batch), key=jax.random.key(5), steps=steps).probes
    return {name: np.asarray(probes[f"{name}_seen"]) for name in sources}


def emitted(steps, dt=0.1, batch=1, **settings):
    """What one source gives, `[T, B, 4]`."""
    return all_emitted({"aaa": settings}, steps, dt, batch)["aaa"]


@pytest.mark.parametrize("dt", [0.1, 0.5, 1.0])
def test_the_rate_is_that_of_hz_at_every_step(dt):
    rates = np.array([0.0, 150.0, 200.0, 1000.0])
    spikes = emitted(2000, dt, batch=20, coding_method="poisson_hz", rate=rates)
    assert set(np.unique(spikes)) == {0.0, 1.0}
    p = rates * dt / 1000
    assert (np.abs(spikes.mean((0, 1)) - p) <= 4.5 * np.sqrt(p * (1 - p) / 40_000) + 1e-9).all()
    # Independent from step to step, from sample to sample and from neuron to neuron.
    x, y = ((spikes[..., i] - spikes[..., i].mean()) / spikes[..., i].std() for i in (1, 2))
    for a, b in ((x[1:], x[:-1]), (x[:, 1:], x[:, :-1]), (x, y)):
        assert abs((a * b).mean()) <= 4.5 / np.sqrt(a.size)


@pytest.mark.parametrize("expected", [0.002, 0.7, 2.0, 40.0])
def test_counts_have_the_poisson_distribution(expected):
    """Each count as often as it should, by Pearson's chi squared; one rate for all and one a neuron draw the same."""
    dt, rate = 0.1, expected / 0.1 * 1000
    settings = {"coding_method": "poisson_hz", "counts": True}
    counts = emitted(1000, dt, batch=10, rate=rate, **settings)
    np.testing.assert_array_equal(counts, emitted(1000, dt, batch=10, rate=np.full(4, rate), **settings))
    n = counts.size
    k = np.arange(200)
    log = k * np.log(expected) - expected - np.cumsum(np.log(np.maximum(k, 1)))
    often = n * np.exp(log)
    seen = np.bincount(counts.astype(int).ravel(), minlength=200)
    usual = often >= 10
    rest = (n - often[usual].sum(), n - seen[usual].sum())
    chi = ((seen - often)[usual] ** 2 / often[usual]).sum()
    free = usual.sum() - 1
    assert chi <= free + 4.5 * np.sqrt(2 * max(free, 1)) + 5
    assert abs(rest[1] - rest[0]) <= 5 * np.sqrt(rest[0] + 1) + 5
    assert abs(counts.mean() - expected) <= 4.5 * np.sqrt(expected / n)


def test_counts_of_a_very_rare_and_a_very_fast_neuron_beside_each_other():
    counts = emitted(2000, 0.1, coding_method="poisson_hz", counts=True, rate=[0.0, 5.0, 2e4, 3e6], batch=4, weight=[1.0, 1.0, 0.5, 2.0])
    expected = np.array([0.0, 5e-4, 2.0, 300.0])
    weight = np.array([1.0, 1.0, 0.5, 2.0])
    assert (np.abs(counts.mean((0, 1)) / weight - expected) <= 4.5 * np.sqrt(expected / 8000) + 1e-9).all()
    assert np.abs(counts[..., 3].var() / 4 - 300.0) < 4.5 * 300 * np.sqrt(2 / 8000)


def test_levels_are_the_distribution_to_a_part_in_2_to_the_32():
    levels = levels_of_counts(np.array([0.3, 7.5]))
    for column, mean in enumerate((0.3, 7.5)):
        above = (2**31 - 1 - levels[:, column].astype(float)) / 2**32
        exact = [1 - math.fsum(math.exp(-mean) * mean**i / math.factorial(i) for i in range(k + 1)) for k in range(len(levels))]
        np.testing.assert_allclose(above, exact, atol=1.5 / 2**32)
    assert levels_of_chance(np.array([0.0, 0.5, 1.0])).tolist() == [[2**31 - 1, -1, -(2**31)]]


SOURCES = {
    "aaa": {"coding_method": "poisson_hz", "rate": [5.0, 200.0, 900.0, 3000.0], "start_time": 1.0, "end_time": 6.0},
    "counts": {"coding_method": "poisson_hz", "rate": 9000.0, "counts": True},
    "changing": {"coding_method": "inhomogeneous_poisson", "rate": [500.0, 0.0, 3000.0], "interval": 1.5, "after": "repeat"},
    "listed": {"coding_method": "timed_array", "values": [1.0, 2.0, 3.0], "interval": 2.5},
    "zzz": {"coding_method": "spike_list", "times": [0.0, 0.3, 0.3, 4.1, 7.9], "neurons": [0, 3, 3, 1, 2]},
}
RANDOM = {"aaa", "counts", "changing"}


def test_pieces_plans_batches_and_files_are_bit_for_bit_the_same(tmp_path):
    whole = all_emitted(SOURCES, 80, batch=3, plan=sj.Reference())
    for name, seen in whole.items():
        assert seen.any() and not (seen == seen[:1]).all()
        assert (name in RANDOM) == (seen[:, 0] != seen[:, 1]).any()
    for plan in (sj.Tiled(), sj.Tiled(7)):
        for name, seen in all_emitted(SOURCES, 80, batch=3, plan=plan).items():
            np.testing.assert_array_equal(seen, whole[name])
    # A sample is the same in a smaller batch; so is a source without the others.
    for name, seen in all_emitted({name: SOURCES[name] for name in ("aaa", "zzz")}, 80).items():
        np.testing.assert_array_equal(seen[:, 0], whole[name][:, 0])
    sj.save_network(tmp_path / "net.toml", network(SOURCES))
    sim = sj.build(sj.load_network(tmp_path / "net.toml"), 0.1)
    variables, key, pieces = sim.init(jax.random.key(0), 3), jax.random.key(5), []
    for n in (13, 62):
        result = sim.run(variables, key=key, steps=n)
        variables = result.variables
        pieces.append(result.probes)
    for _ in range(5):
        variables, seen = sim.step(variables, key=key)
        pieces.append({name: x[None] for name, x in seen.items()})
    for name in SOURCES:
        np.testing.assert_array_equal(np.concatenate([piece[f"{name}_seen"] for piece in pieces]), whole[name])


def test_a_rate_that_changes_is_the_one_listed():
    rng = np.random.default_rng(1)
    rates = rng.uniform(0, 3000, (5, 4))
    spikes = emitted(1000, 0.1, batch=40, coding_method="inhomogeneous_poisson", rate=rates, interval=20.0, weight=2.0)
    p = rates * 1e-4
    got = spikes.reshape(5, 200, 40, 4).mean((1, 2)) / 2
    assert (np.abs(got - p) <= 4.5 * np.sqrt(p * (1 - p) / 8000)).all()


def test_listed_values_hold_for_their_interval():
    rng = np.random.default_rng(2)
    values = {"alike": rng.normal(size=3).astype(np.float32), "each": rng.normal(size=(3, 4)).astype(np.float32)}
    cases = {f"{kind}_{after}": (kind, after) for kind in values for after in ("zero", "hold", "repeat")}
    seen = all_emitted(
        {name: {"coding_method": "timed_array", "values": values[kind], "interval": 0.7, "after": after} for name, (kind, after) in cases.items()},
        100,
    )
    row = np.arange(100) // 7
    for name, (kind, after) in cases.items():
        listed = values["each"] if kind == "each" else np.repeat(values["alike"][:, None], 4, 1)
        expected = listed[row % 3 if after == "repeat" else np.minimum(row, 2)]
        if after == "zero":
            expected = expected * (row < 3)[:, None]
        np.testing.assert_array_equal(seen[name][:, 0], expected)


def test_listed_spikes_are_in_their_steps():
    rng = np.random.default_rng(3)
    steps, neurons = rng.integers(0, 300, 200), rng.integers(0, 4, 200)
    # Half of them on the grid, as products of whole numbers, half of them within a step.
    times = (steps + rng.uniform(0.1, 0.9, 200) * (rng.random(200) < 0.5)) * 0.1
    cases = {f"{kind}_{period}": (kind, period) for kind in ("float64", "float32") for period in (None, 30)}
    seen = all_emitted(
        {
            name: {"coding_method": "spike_list", "times": times.astype(kind), "neurons": neurons, "period": period}
            for name, (kind, period) in cases.items()
        },
        700,
    )
    for name, (_, period) in cases.items():
        expected = np.zeros((700, 4))
        np.add.at(expected, (steps, neurons), 1)
        np.testing.assert_array_equal(seen[name][:, 0], expected[np.arange(700) % 300] if period else expected)
    assert expected.max() > 1


def test_times_do_not_drift_over_ten_million_steps():
    """Spike k of a clock of 0.1 ms is in step k, as are times halfway."""
    for dt in (0.1, 0.3, 0.05):
        k = np.array([0, 1, 3, 16_777_217, 99_999_999])
        clock = SpikeList(times=k * dt, neurons=np.zeros(5, int))
        np.testing.assert_array_equal(clock.steps(dt), k)
        np.testing.assert_array_equal(SpikeList(times=(k + 0.5) * dt, neurons=np.zeros(5, int)).steps(dt), k)
        summed = np.cumsum(np.full(100_000, dt)) - dt
        np.testing.assert_array_equal(SpikeList(times=np.maximum(summed, 0), neurons=np.zeros(100_000, int)).steps(dt), np.arange(100_000))


def test_sources_late_in_a_long_run():
    """After ten million steps: a sine has its phase, a list with a period and listed values their row."""
    late, steps = 10_000_003, 50
    rng = np.random.default_rng(4)
    values = rng.normal(size=37).astype(np.float32)
    net = sj.Network()
    net.g = sj.NeuronGroup(2, model="if")
    net.sine = sj.Generator(2, "sin", period=[7.3, 0.7], amp=2.0, phase=[0.0, 1.0], dec_target=net.g)
    net.listed = sj.Generator(2, "timed_array", values=values, interval=0.3, after="repeat", dec_target=net.g)
    net.spikes = sj.Generator(2, "spike_list", times=[0.3, 1.1], neurons=[0, 1], period=1.3, dec_target=net.g)
    for name in ("sine", "listed", "spikes"):
        net.add(f"{name}_seen", sj.StateMonitor(net.members[name], "O"))
    sim = sj.build(net, 0.1)
    variables = sim.init(jax.random.key(0))
    variables = dataclasses.replace(variables, step=variables.step + late)
    probes = sim.run(variables, steps=steps).probes
    k = np.arange(late, late + steps)
    exact = 2 * np.sin(2 * np.pi * ((k[:, None] * 0.1) / np.array([7.3, 0.7])) + np.array([0.0, 1.0]))
    np.testing.assert_allclose(probes["sine_seen"][:, 0], exact, atol=3e-4)
    np.testing.assert_array_equal(probes["listed_seen"][:, 0, 0], values[(k // 3) % 37])
    np.testing.assert_array_equal(probes["spikes_seen"][:, 0], np.stack([k % 13 == 3, k % 13 == 11], 1))


def test_currents_begin_and_end():
    common = {"amp": [2.0, 0.0, 0.0, 1.0], "start_time": 1.0, "end_time": 3.5}
    sources = {
        "constant": {"coding_method": "cc_generator", **common},
        "slow": {"coding_method": "sin", "period": 1e6, "phase": np.pi / 2, **common},
    }
    inside = (np.arange(12) >= 2) & (np.arange(12) < 7)
    for seen in all_emitted(sources, 12, 0.5).values():
        np.testing.assert_allclose(seen[:, 0], inside[:, None] * np.array([2.0, 0, 0, 1.0]), rtol=1e-5)


def test_a_target_receives_it_as_the_variable_that_is_named():
    net = sj.Network()
    net.g = sj.NeuronGroup(3, model="condlif")
    net.x = sj.Generator(3, "cc_generator", amp=[0.0, 0.1, 0.2], dec_target=net.g, target_var="g_exc")
    net.v = sj.StateMonitor(net.g, "V")
    sim = sj.build(net, 0.1)
    v = np.asarray(sim.run(sim.init(jax.random.key(0)), steps=20).probes["v"])[-1, 0]
    assert v[0] < v[1] < v[2]
    other = sj.Network()
    other.g = sj.NeuronGroup(3, model="condlif")
    other.x = sj.Generator(3, "cc_generator", dec_target=other.g, target_var="g_ex")
    with pytest.raises(ValueError, match="did you mean 'g_exc'"):
        sj.build(other, 0.1)


NAN = float("nan")


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"coding_method": "poisson_hz", "rate": [1.0, -1.0]}, "PoissonHz: rate holds -1.0 at [1], but needs rates in Hz of at least 0"),
        ({"coding_method": "poisson_hz", "rate": NAN}, "PoissonHz: rate holds NaN"),
        ({"coding_method": "poisson_hz", "rate": 20_000.0}, "generator 'aaa': rate holds 20000.0, but needs rates from 0 to 10000, as dt, in seconds, is 0.0001, and no probability above 1; counts=True"),
        ({"coding_method": "poisson_hz", "rate": [1.0, 2.0, 3.0]}, "rate has shape (3,), but needs one number or (4,)"),
        ({"coding_method": "poisson_hz", "counts": 1}, "counts must be True or False, got 1"),
        ({"coding_method": "poisson_hz", "start_time": 5.0, "end_time": 4.0}, "end_time must not be before start_time, got 5 and 4"),
        ({"coding_method": "poisson_hz", "start_time": -1.0}, "start_time must be a finite number of at least 0, got -1.0"),
        ({"coding_method": "cc_generator", "start_time": 2.0, "end_time": 1.0}, "CurrentGenerator: end_time must not be before"),
        ({"coding_method": "inhomogeneous_poisson", "interval": 1.0}, "needs rate"),
        ({"coding_method": "inhomogeneous_poisson", "rate": [-1.0], "interval": 1.0}, "InhomogeneousPoisson: rate holds -1.0 at [0]"),
        ({"coding_method": "inhomogeneous_poisson", "rate": [1e5], "interval": 1.0}, "generator 'aaa': rate holds 100000.0 at [0]"),
        ({"coding_method": "inhomogeneous_poisson", "rate": np.ones((3, 2)), "interval": 1.0}, "rate has shape (3, 2), but needs one number a row or (4,)"),
        ({"coding_method": "timed_array", "values": [NAN], "interval": 1.0}, "TimedArray: values holds NaN"),
        ({"coding_method": "timed_array", "values": 1.0, "interval": 1.0}, "TimedArray: values must be an array with a row for each interval"),
        ({"coding_method": "timed_array", "values": [], "interval": 1.0}, "TimedArray: values must be an array with a row"),
        ({"coding_method": "timed_array", "values": [1.0], "interval": 0.0}, "TimedArray: interval must be a positive, finite number"),
        ({"coding_method": "timed_array", "values": [1.0], "interval": 0.25}, "interval of generator 'aaa'"),
        ({"coding_method": "timed_array", "values": [1.0], "interval": 1.0, "after": "holds"}, "did you mean 'hold'"),
        ({"coding_method": "spike_list", "times": [1.0, 2.0], "neurons": [1]}, "times of shape (2,) and neurons of shape (1,)"),
        ({"coding_method": "spike_list", "times": [1.0, -2.0], "neurons": [1, 1]}, "SpikeList: times holds -2.0 at [1]"),
        ({"coding_method": "spike_list", "times": [NAN], "neurons": [1]}, "SpikeList: times holds NaN"),
        ({"coding_method": "spike_list", "times": [1.0], "neurons": [1.0]}, "must be numbers and whole numbers"),
        ({"coding_method": "spike_list", "times": [1.0], "neurons": [-1]}, "SpikeList: neurons holds -1 at [0]"),
        ({"coding_method": "spike_list", "times": [1.0], "neurons": [4]}, "generator 'aaa': neurons holds 4 at [0], but needs numbers of neurons below 4"),
        ({"coding_method": "spike_list", "times": [1.0], "neurons": [1], "period": 1.0}, "generator 'aaa': times holds 1.0 at [0], but needs times before the period of 1 ms"),
        ({"coding_method": "spike_list", "times": [1.0], "neurons": [1], "period": 1.25}, "period of generator 'aaa'"),
    ],
)
def test_what_no_source_can_be_is_refused_by_name(settings, sentence):
    with pytest.raises(ValueError) as error:
        sj.build(network({"aaa": settings}), 0.1)
    assert sentence in str(error.value)


def test_an_empty_list_is_silent_and_shapes_are_flat():
    assert not emitted(9, coding_method="spike_list", times=[], neurons=[]).any()
    net = sj.Network()
    net.g = sj.NeuronGroup(shape=(2, 3), model="if")
    net.x = sj.Generator(coding_method="spike_list", shape=(2, 3), times=[0.1], neurons=[4], dec_target=net.g)
    net.y = sj.Generator(coding_method="poisson_hz", shape=(2, 3), rate=np.full((2, 3), 5e4), counts=True, dec_target=net.g)
    net.o, net.p = sj.StateMonitor(net.x, "O"), sj.StateMonitor(net.y, "O")
    sim = sj.build(net, 0.1)
    probes = sim.run(sim.init(jax.random.key(0), 2), key=jax.random.key(1), steps=2).probes
    assert np.argwhere(np.asarray(probes["o"])).tolist() == [[1, 0, 1, 1], [1, 1, 1, 1]] and np.asarray(probes["p"]).min() >= 0
    assert PoissonHz(rate=3).rate == 3
