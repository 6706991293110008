"""Values of codings: what is refused, what compiles nothing, what half precision leaves as it is, and norms of sequences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from cases import often

import spaic_jax as sj
from spaic_jax.coding import ENCODERS, GENERATORS

#: One name of each coding and source.
METHODS = [sorted(n for n in table if table[n] is kind)[0] for table in (ENCODERS, GENERATORS) for kind in dict.fromkeys(table.values())]
NAN, INF = float("nan"), float("inf")
COMPILED: list[str] = []
jax.monitoring.register_event_duration_secs_listener(
    lambda name, seconds, **_: COMPILED.append(name) if "backend_compile" in name else None
)


def network(source, group="if", **decoder):
    net = sj.Network()
    net.x, net.g = source, sj.NeuronGroup(2, model=group)
    net.w = sj.Connection(net.x, net.g, weight=np.eye(2))
    net.o = sj.StateMonitor(net.x, "O")
    net.d = sj.Decoder(dec_target=net.g, **decoder)
    return net


@pytest.mark.parametrize("method", sorted(ENCODERS))
@pytest.mark.parametrize("bad", [NAN, INF, -INF, -2.0])
def test_data_that_cannot_be_coded_is_refused(method, bad, key):
    """Before the run, by name and place; never under jit, where there is nothing to look at."""
    net = network(sj.Encoder(2, method))
    sim = sj.build(net, 0.1)
    v = sim.program.by_name["x"]
    shape = ((3,) if v.axes == "time" else ()) + (1, *v.shape)
    x = np.full(shape, 0.05, np.float32)
    place = (*(0,) * (x.ndim - 1), x.shape[-1] - 1)
    x[place] = bad
    times = method in ("mstb", "sstb")
    fine = (times and np.isnan(bad)) or (bad == -2.0 and method not in ("poisson", "bernoulli", "mstb", "sstb"))

    def run(given):
        return sim.run(sim.init(key), {"x": given}, key, steps=3).probes["o"]

    if fine:
        run(x)
        return
    for given in (x, jnp.asarray(x), x.tolist()):
        with pytest.raises(ValueError, match=rf"input 'x' .*(holds|the first is) {bad} at \[{', '.join(map(str, place))}\]"):
            run(given)
    jax.jit(run)(x)


def test_probabilities_above_one_are_refused(key):
    sim = sj.build(network(sj.Encoder(2, "poisson")), 0.1)
    with pytest.raises(ValueError, match=r"input 'x' holds 50.0 at \[0, 1\], but needs rates from 0 to 10, as one of 1 is a spike"):
        sim.run(sim.init(key), {"x": np.array([[1.0, 50.0]])}, key, steps=2)
    result = sim.run(sim.init(key), {"x": np.array([[10.0, 0.0]])}, key, steps=4)
    np.testing.assert_array_equal(result.probes["o"][:, 0], [[1, 0]] * 4)
    rates = np.zeros((3, 1, 2))
    rates[2, 0, 1] = 11.0
    with pytest.raises(ValueError, match=r"input 'x' holds 11.0 at \[2, 0, 1\]"):
        sim.run(sim.init(key), {"x": rates}, key)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"coding_method": "poisson_generator", "rate": 15}, "generator 'x': rate holds 15.0, but needs rates from 0 to 10"),
        ({"coding_method": "poisson_generator", "rate": [1.0, -1.0]}, "generator 'x': rate holds -1.0 at [1]"),
        ({"coding_method": "poisson_generator2", "rate": [1.0, 11.0]}, "holds 11.0 at [1], but needs rates from 0 to 10"),
        ({"coding_method": "poisson_generator", "weight": INF}, "PoissonGenerator: weight holds NaN or inf"),
        ({"coding_method": "poisson_generator", "unit_conversion": -1.0}, "unit_conversion must be a positive, finite number"),
        ({"coding_method": "poisson_generator", "start_time": NAN}, "start_time must be a finite number of at least 0, got nan"),
        ({"coding_method": "cc_generator", "amp": [0.1, INF]}, "CurrentGenerator: amp holds NaN or infinite values, but needs finite numbers: the first is inf at [1]"),
        ({"coding_method": "sin", "amp": NAN}, "SineGenerator: amp holds NaN"),
        ({"coding_method": "ramp", "slope": INF}, "RampGenerator: slope holds NaN or inf"),
    ],
)
def test_sources_that_cannot_be_are_refused(settings, sentence):
    with pytest.raises(ValueError) as error:
        sj.build(network(sj.Generator(2, **settings)), 0.1)
    assert sentence in str(error.value)


#: What a source cannot do without.
NEEDED = {
    "poisson_hz": {"rate": 1000.0},
    "inhomogeneous_poisson": {"rate": [1000.0], "interval": 500.0},
    "timed_array": {"values": [1.0], "interval": 500.0},
    "spike_list": {"times": [0.1, 0.5], "neurons": [0, 1]},
}
#: A setting of each coding, and two values of it.
VALUES = [
    ("constant_current", "amp", 0.5, 2.0), ("poisson", "unit_conversion", 0.5, 1.0), ("bernoulli", "max_prob", 0.5, 1.0),
    ("latency", "max_scale", 0.5, 1.0), ("relative_latency", "amp", 1.0, 3.0), ("relative_latency", "scale", 0.5, 0.9),
    ("uniform", "amp", 0.5, 1.0), ("uniform", "bias", 0.1, 0.2), ("uniform", "max_time", 1.0, 2.0),
    ("poisson", "end_time", 0.2, 0.5), ("poisson_generator", "rate", 1.0, 2.0), ("poisson_generator", "end_time", 0.2, 0.5),
    ("poisson_generator2", "rate", 1.0, 2.0), ("cc_generator", "amp", 1.0, 2.0), ("sin", "period", 1.0, 2.0),
    ("ramp", "end_time", 0.2, 0.5), ("poisson_hz", "rate", 1000.0, 5000.0), ("poisson_hz", "end_time", 0.2, 0.5),
    ("inhomogeneous_poisson", "rate", [1000.0], [5000.0]), ("timed_array", "values", [1.0], [2.0]),
    ("spike_list", "weight", 1.0, 2.0), ("white_noise", "sigma", 1.0, 2.0), ("ou_noise", "sigma", 1.0, 2.0),
]


@pytest.mark.parametrize(("method", "setting", "one", "other"), VALUES)
def test_another_value_compiles_nothing(method, setting, one, other, key):
    kind = sj.Encoder if method in ENCODERS else sj.Generator
    sims = [
        sj.build(network(kind(2, method, **{**NEEDED.get(method, {}), setting: value}), bias=size, scale=size), 0.1)
        for size, value in ((0.5, one), (0.7, other))
    ]
    inputs = {"x": np.array([[0.2, 0.6]], np.float32)} if kind is sj.Encoder else {}
    emitted = []
    for sim in sims:
        variables = sim.init(key)
        before = len(COMPILED)
        result = sim.run(variables, inputs, key, steps=8)
        emitted.append(np.asarray(result.outputs["d"]))
    assert len(COMPILED) == before
    assert (emitted[0] != emitted[1]).any()


def test_every_kind_of_value_is_tried():
    tried = {method for method, *_ in VALUES}
    kinds = {{**GENERATORS, **ENCODERS}[name] for name in tried}
    plain = {ENCODERS[name] for name in ("float", "null", "sstb", "mstb")}
    assert kinds | plain == {*ENCODERS.values(), *GENERATORS.values()}


@pytest.mark.parametrize(("method", "dtype"), often(
    [*((m, "bfloat16") for m in METHODS), ("poisson", "float16"), ("mstb", "float16")],
    [*((m, "bfloat16") for m in METHODS[::3]), ("poisson", "float16"), ("mstb", "float16")],
))
def test_half_precision_draws_and_keeps_time_in_float32(method, dtype, key):
    """The same spikes as in float32, of the same data; the same draws, clocks and windows, for as long as steps count."""
    kind = sj.Encoder if method in ENCODERS else sj.Generator
    settings = {"poisson_generator": {"rate": 0.01}, "poisson_generator2": {"rate": 0.01}, "sin": {"period": 333.3}, **NEEDED}
    net = network(kind(2, method, **settings.get(method, {})), coding_method="spike_counts")
    sim = sj.build(net, 0.1)
    half = sj.build(sim.program.astype(dtype))
    steps, inputs = 1200, {}
    if kind is sj.Encoder:
        v = sim.program.by_name["x"]
        held = {"poisson": [0.01, 0.02], "bernoulli": [0.001, 0.01], "sstb": [100.1, 119.9], "mstb": [100.1, 119.9]}
        x = jnp.asarray([held.get(method, [0.3, 0.7])], dtype if method not in ("sstb", "mstb") else "float32")
        x = x.reshape(1, *v.shape)
        inputs = {"x": jnp.broadcast_to(x, (steps, *x.shape)) if v.axes == "time" else x}
    wide = {name: x.astype("float32") for name, x in inputs.items()}
    expected = np.asarray(sim.run(sim.init(key), wide, key, steps=steps).probes["o"])
    got = half.run(half.init(key), inputs, key, steps=steps).probes["o"]
    assert got.dtype == dtype and expected.any()
    np.testing.assert_array_equal(np.asarray(got, np.float32), np.asarray(jnp.asarray(expected, dtype), np.float32))


def test_half_precision_counts_on(key):
    net = sj.Network()
    net.x, net.g = sj.Encoder(1, "constant_current"), sj.NeuronGroup(1, model="if", v_th=0.5)
    net.w = sj.Connection(net.x, net.g, weight=[[1.0]])
    net.counts = sj.Decoder(dec_target=net.g)
    net.rate = sj.Decoder(dec_target=net.g, coding_method="spike_rate")
    net.sum = sj.StateMonitor(net.g, "O", reduce="sum")
    net.early = sj.Decoder(dec_target=net.g, coding_method="time_spike_counts")
    full = sj.build(net, 0.1)
    half = sj.build(full.program.astype("bfloat16"))
    results = [sim.run(sim.init(key), {"x": np.ones((1, 1))}, steps=3001) for sim in (full, half)]
    assert float(results[1].outputs["counts"][0, 0]) == 3001 == float(results[1].probes["sum"][0, 0])
    assert float(results[1].outputs["rate"][0, 0]) == 1
    np.testing.assert_allclose(results[1].outputs["early"], results[0].outputs["early"], rtol=1e-5)


@pytest.mark.parametrize("plan", [sj.Reference(), sj.Tiled(2)])
def test_a_sequence_is_brought_to_one_as_a_whole(plan, key):
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 4, (6, 3, 2)).astype(np.float32)
    sim = sj.build(network(sj.Encoder(2, "constant_current", input_norm=True, amp=2.0)), 0.5, plan=plan)
    low, high = x.min((0, 2), keepdims=True), x.max((0, 2), keepdims=True)
    expected = 2 * (x - low) / (high - low)
    variables = sim.init(key, 3)
    run = jax.jit(lambda x: sim.run(variables, {"x": x}).probes["o"])
    for got in (sim.run(variables, {"x": x}).probes["o"], run(x)):
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)
    ends = {"x.least": low[0, :, 0], "x.largest": high[0, :, 0]}
    for i, now in enumerate(x):
        with pytest.raises(ValueError, match="input 'x.least' is missing: it is a number for each sample, .B., that only all steps"):
            sim.step(variables, {"x": now})
        variables, emitted = sim.step(variables, {"x": now, **ends})
        np.testing.assert_allclose(emitted["o"], expected[i], rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match="input 'x.least' is missing"):
        sim.run(sim.init(key, 3), {"x": x[:3]}, presentation=6)
    first = sim.run(sim.init(key, 3), {"x": x[:3], **ends}, presentation=6)
    np.testing.assert_allclose(first.probes["o"], expected[:3], rtol=1e-5, atol=1e-6)


def test_probabilities_change_with_a_sequence(key):
    """A step of half the largest value fires half as often, also where that is above one."""
    sim = sj.build(network(sj.Encoder(2, "bernoulli", max_prob=0.8)), 0.5)
    x = np.repeat(np.array([4.0, 2.0, 1.0, 0.0], np.float32), 500)[:, None, None] * np.ones((1, 8, 2), np.float32)
    got = np.asarray(sim.run(sim.init(key, 8), {"x": x}, key).probes["o"]).reshape(4, -1).mean(1)
    expected = np.array([0.8, 0.4, 0.2, 0.0])
    assert (np.abs(got - expected) <= 4 * np.sqrt(expected * (1 - expected) / 8000)).all()


def test_a_generator_is_no_encoder():
    with sj.Network() as net:
        drive = sj.Generator(2, "cc_generator")
        image = sj.Encoder(2)
        layer = sj.NeuronGroup(2, model="lif")
        one, two = sj.Connection(drive, layer), sj.Connection(image, layer)
        seen, rate = sj.StateMonitor(drive, "O"), sj.RateMonitor(drive)
    assert [*net.of_kind(sj.Encoder)] == ["image"] and [*net.of_kind(sj.Generator)] == ["drive"]
    assert not isinstance(drive, sj.Encoder)
    assert (one.pre, two.pre, seen.target, rate.target) == (drive, image, drive, drive)
    assert [v.name for v in sj.build(net).program.of_role("input")] == ["image"]


@pytest.mark.parametrize("method", ["spike_conv"])
@pytest.mark.parametrize(("time_window", "dt"), [(4.0, 0.5), (5.0, 1.0), (3.0, 0.5), (80.0, 1.0), (0.9, 0.3)])
def test_a_bell_peaks_at_its_spike(method, time_window, dt, key):
    """Against the formula, over all steps of a run."""
    net = network(sj.Encoder(2, "null"), coding_method=method, time_window=time_window)
    net.spikes = sj.StateMonitor(net.g, "O")
    sim = sj.build(net, dt)
    x = (np.random.default_rng(0).random((60, 1, 2)) < 0.05) * 2.0
    result = sim.run(sim.init(key), {"x": x})
    spikes = np.asarray(result.probes["spikes"], float)
    assert 0 < spikes.sum() < 30
    distance = (np.arange(60)[None] - np.arange(60)[:, None]) * dt
    kernel = np.where(np.abs(distance) <= time_window / 2 + 1e-9, np.exp(-((3 * distance / (time_window / 2)) ** 2)), 0)
    np.testing.assert_allclose(result.outputs["d"], np.einsum("ts,sbn->tbn", kernel, spikes), rtol=1e-5, atol=1e-6)


def test_numbers_of_any_type_are_settings():
    for number in (np.int64(2), np.array(2), jnp.asarray(2)):
        assert sj.Encoder(2, "mstb", max_spikes=number).coding.max_spikes == 2
        assert sj.Decoder(dec_target=sj.NeuronGroup(4), pop_size=number).decoding.pop_size == 2
    for number in (np.float32(0.5), np.array(0.5), jnp.asarray(0.5)):
        assert sj.Encoder(2, "poisson", unit_conversion=number, start_time=number).coding.start_time == 0.5
        assert sj.Encoder(2, "constant_current", amp=number).coding.amp == 0.5
        assert sj.Encoder(2, "latency", max_scale=number).coding.max_scale == 0.5
        assert sj.Decoder(dec_target=sj.NeuronGroup(4), bias=number, scale=number).decoding.scale == 0.5
        assert hash(sj.Encoder(2, "uniform", amp=number, bias=number, max_time=number).coding)
        assert sj.Generator(2, "poisson_generator", rate=number, end_time=number).coding.end_time == 0.5
