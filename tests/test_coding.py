"""Encoders and decoders against SPAIC's recordings and their definitions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from spaic import golden

import spaic_jax as sj
from spaic_jax.coding import GENERATORS, pack_spike_times
from spaic_jax.storage import from_dict, to_dict


def spikes_of(coding_method, data, steps, dt=1.0, key=None, **settings):
    """What an encoder emits, `[T, B, n]`."""
    net = sj.Network()
    net.x = sj.Encoder(num=data.shape[-1], coding_method=coding_method, **settings)
    net.g = sj.NeuronGroup(1, model="lif")
    net.w = sj.Connection(net.x, net.g)
    net.o = sj.StateMonitor(net.x, "O")
    sim = sj.build(net, dt=dt)
    batch = data.shape[-2]
    return np.asarray(sim.run(sim.init(jax.random.key(0), batch), {"x": data}, key, steps=steps).probes["o"])


@pytest.mark.parametrize(
    ("name", "coding_method", "settings"),
    [
        ("constant_current", "constant_current", {"amp": 0.5}),
        ("latency", "latency", {}),
        ("latency_cutoff", "latency", {"cut_off": True, "max_scale": 0.5}),
        ("float", "float", {}),
        ("relative_latency", "relative_latency", {}),
        ("relative_latency_amp3", "relative_latency", {"amp": 3.0, "scale": 0.9}),
        ("uniform", "uniform", {}),
        ("uniform_maxtime", "uniform", {"max_time": 6.0}),
        ("sstb", "sstb", {}),
    ],
)
def test_encoder_gives_spaics_spikes(name, coding_method, settings):
    recorded = golden(f"encoder/{name}")
    got = spikes_of(coding_method, recorded["data"].astype(np.float32), 12, **settings)
    np.testing.assert_allclose(got, recorded["O"], rtol=1e-6)


def test_ready_made_spikes_pass():
    recorded = golden("encoder/null")
    got = spikes_of("null", recorded["data"].swapaxes(0, 1).astype(np.float32), None)
    np.testing.assert_allclose(got, recorded["O"], rtol=1e-6)


def test_poisson_rates_are_what_they_say(key):
    rate = np.tile(np.array([0.0, 0.05, 0.3, 2.0], np.float32), (64, 1))
    got = spikes_of("poisson", rate, 2000, dt=0.5, key=key, unit_conversion=1.0).mean((0, 1))
    expected = np.minimum(rate[0] * 0.5, 1.0)
    error = np.sqrt(expected * (1 - expected) / (64 * 2000))
    assert (np.abs(got - expected) <= 4 * error).all()
    assert got[0] == 0


def test_poisson_is_independent_over_time_channels_and_samples(key):
    spikes = spikes_of("poisson", np.full((2, 2), 0.5, np.float32), 4000, key=key).reshape(4000, 4)
    correlation = np.corrcoef(np.concatenate([spikes[1:], spikes[:-1]], axis=1).T)
    assert np.abs(correlation[~np.eye(8, dtype=bool)]).max() < 0.08


def test_poisson_of_a_sample_does_not_depend_on_the_batch(key):
    rate = np.random.default_rng(0).random((7, 5)).astype(np.float32)
    np.testing.assert_array_equal(
        spikes_of("poisson", rate, 20, key=key)[:, :3], spikes_of("poisson", rate[:3], 20, key=key)
    )


def test_poisson_takes_rates_that_change(key):
    rates = np.zeros((10, 2, 3), np.float32)
    rates[4:6] = 1.0
    got = spikes_of("poisson", rates, None, key=key)
    np.testing.assert_array_equal(got, rates)


def test_latency_of_equal_values_fires_last():
    got = spikes_of("latency", np.full((2, 3), 0.4, np.float32), 8)
    np.testing.assert_array_equal(got.sum(0), 1)
    np.testing.assert_array_equal(got.argmax(0), 7)


@pytest.mark.parametrize(
    ("name", "coding_method", "settings"),
    [
        ("spike_counts", "spike_counts", {}),
        ("spike_counts_pop2", "spike_counts", {"pop_size": 2, "bias": 0.5, "scale": 2.0}),
        ("spike_rate", "spike_rate", {}),
        ("spike_rate_pop3", "spike_rate", {"pop_size": 3}),
        ("spike_rates", "spike_rates", {}),
        ("first_spike", "first_spike", {}),
        ("time_spike_counts", "time_spike_counts", {}),
        ("null", "null", {}),
        ("final_step_voltage", "final_step_voltage", {}),
        ("voltage_sum", "voltage_sum", {}),
        ("v_t", "v_t", {}),
    ],
)
def test_decoder_gives_spaics_numbers(name, coding_method, settings, key):
    recorded = golden(f"decoder/{name}")
    variable = "V" if coding_method in ("final_step_voltage", "voltage_sum", "v_t") else "Isyn"
    n = recorded["record"].shape[2]
    net = sj.Network()
    net.x = sj.Encoder(num=n, coding_method="null")
    net.g = sj.NeuronGroup(n, model="if", v_th=1e9)
    net.w = sj.Connection(net.x, net.g, weight=np.eye(n))
    net.d = sj.Decoder(n, net.g, coding_method, coding_var_name=variable, **settings)
    sim = sj.build(net, dt=1.0, plan=sj.Tiled(3))
    data = recorded["record"].astype(np.float32)
    if variable == "V":
        data = np.diff(data, axis=0, prepend=np.zeros_like(data[:1]))
    got = sim.run(sim.init(key, data.shape[1]), {"x": jnp.asarray(data)}).outputs["d"]
    np.testing.assert_allclose(got, recorded["out"], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: sj.Encoder(num=3, coding_method="poison"), "unknown encoder 'poison': did you mean 'poisson'"),
        (lambda: sj.Encoder(num=3, coding_method="poisson", unit=1.0), "unknown setting of encoder 'poisson' 'unit'"),
        (lambda: sj.Encoder(num=3, unit_conversion=-1.0), "unit_conversion must be a positive, finite number, got -1.0"),
        (lambda: sj.Encoder(num=3, coding_method="latency", max_scale=0.0), "max_scale must be a positive, finite number of at most 1, got 0.0"),
        (lambda: sj.Encoder(), "needs a size"),
        (lambda: sj.Encoder(3, "poisson", start_time=2.0, end_time=1.0), "start_time must not exceed end_time"),
        (lambda: sj.Encoder(3, "bernoulli", max_prob=1.5), "max_prob must be a positive, finite number of at most 1, got 1.5"),
        (lambda: sj.Encoder(3, "mstb", max_spikes=0), "max_spikes must be a positive whole number"),
        (lambda: sj.Encoder(3, "uniform", max_time=-1.0), "max_time must be a positive, finite number, got -1.0"),
        (lambda: sj.Encoder(3, "relative_latency", scale=2.0), "scale must be a positive, finite number of at most 1, got 2.0"),
        (lambda: pack_spike_times([([1.0], [0, 1])], 2), "sample 0 has times of shape (1,) and channels of shape (2,)"),
        (lambda: pack_spike_times([([1.0], [2])], 2), "channels 2 to 2, but needs whole numbers below 2"),
        (lambda: pack_spike_times([([-1.0], [0])], 2), "sample 0 holds -1.0 at [0], but needs times in ms: they must not be negative"),
        (lambda: sj.Generator(3, "sine"), "unknown generator 'sine': did you mean 'sin'"),
        (lambda: sj.Generator(3, "sin", period=0.0), "period must be positive"),
        (lambda: sj.Generator(3, "sin", amp="loud"), "amp must be a number or an array"),
        (lambda: sj.Generator(3, dec_target=sj.NeuronGroup(4)), "its target has shape (4,), but needs the same"),
        (lambda: sj.Encoder(num=0), "positive whole numbers"),
        (lambda: sj.Encoder(num=(2, 2)), "num is one number: say shape=(2, 2)"),
        (lambda: sj.Encoder(num=5, shape=(2, 2)), "num=5 and shape=(2, 2), which holds 4"),
        (
            lambda: sj.Decoder(10, sj.NeuronGroup(9), "spike_counts"),
            "num is 10, but its target has 9 neurons",
        ),
        (
            lambda: sj.Decoder(dec_target=sj.NeuronGroup(9), coding_method="spike_count"),
            "unknown decoder 'spike_count': did you mean 'spike_counts'",
        ),
        (lambda: sj.Decoder(dec_target=sj.NeuronGroup(9), pop_size=2), "pop_size must divide the 9 neurons"),
    ],
)
def test_bad_settings_are_named(make, sentence):
    with pytest.raises(ValueError) as error:
        make()
    assert sentence in str(error.value)


def test_poisson_keeps_to_its_window(key):
    got = spikes_of("poisson", np.full((2, 4), 2.0, np.float32), 12, dt=0.5, key=key, start_time=2.0, end_time=4.0)
    recorded = golden("encoder/poisson_window")["O"].any((1, 2))
    np.testing.assert_array_equal(got.all((1, 2)), recorded)
    np.testing.assert_array_equal(got.any((1, 2)), recorded)


@pytest.mark.parametrize("largest", [1.0, 4.0])
def test_bernoulli_rates_are_what_they_say(largest, key):
    x = np.tile(np.array([0.0, 0.25, 0.5, 1.0], np.float32), (64, 1)) * largest
    got = spikes_of("bernoulli", x, 1500, dt=0.3, key=key, max_prob=0.7).mean((0, 1))
    expected = 0.7 * np.array([0.0, 0.25, 0.5, 1.0])
    assert (np.abs(got - expected) <= 4 * np.sqrt(expected * (1 - expected) / (64 * 1500))).all()


def test_spike_times_fall_into_their_steps_and_add_up():
    rng = np.random.default_rng(5)
    samples = [(rng.uniform(0, 2.0, n), rng.integers(0, 3, n)) for n in (0, 4, 9)]
    samples[1] = (np.append(samples[1][0], [0.3, 0.3]), np.append(samples[1][1], [1, 1]))
    packed = pack_spike_times(samples, 3)
    net = sj.Network()
    net.x = sj.Encoder(3, coding_method="mstb", max_spikes=packed.shape[-1], late="last")
    net.g = sj.NeuronGroup(1, model="lif")
    net.w = sj.Connection(net.x, net.g)
    net.o = sj.StateMonitor(net.x, "O")
    sim = sj.build(net, dt=0.1, plan=sj.Tiled(7))
    got = sim.run(sim.init(jax.random.key(0), 3), {"x": packed}, steps=16).probes["o"]
    expected = np.zeros((16, 3, 3))
    for b, (times, channels) in enumerate(samples):
        for t, c in zip(times.astype(np.float32), channels, strict=True):
            expected[min(int(np.floor(t / 0.1 + 1e-4)), 15), b, c] += 1
    np.testing.assert_array_equal(got, expected)


def emitted(steps=12, dt=1.0, key=None, propagation="same_step", **settings):
    """What a generator emits, `[T, B, n]`, by the reference plan and in tiles, and the current of its target."""
    net = sj.Network()
    net.a = sj.NeuronGroup(4, model="leaky_integrator")
    net.x = sj.Generator(4, dec_target=net.a, **settings)
    net.o = sj.StateMonitor(net.x, "O")
    net.i = sj.StateMonitor(net.a, "Isyn")
    again = from_dict(to_dict(net))
    plans = [sj.build(n, dt, propagation, plan=p) for n, p in ((net, sj.Reference()), (again, sj.Tiled(5)))]
    assert plans[0].program == plans[1].program
    runs = [sim.run(sim.init(jax.random.key(0), 2), key=key, steps=steps).probes for sim in plans]
    for name in ("o", "i"):
        np.testing.assert_allclose(runs[0][name], runs[1][name], rtol=1e-6)
    return np.asarray(runs[0]["o"]), np.asarray(runs[0]["i"])


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("cc_generator", {"amp": [0.1, 0.2, 0.3, 0.4]}),
        ("ramp", {"base": 1.0, "end_time": 8.0}),
        ("sin", {"amp": 1.5, "period": 5.0}),
    ],
)
def test_generator_gives_spaics_signal(name, settings):
    output, current = emitted(coding_method=name, **settings)
    recorded = golden(f"generator/{name}")["O"]
    np.testing.assert_allclose(output, np.broadcast_to(recorded, output.shape), rtol=1e-5, atol=2e-6)
    np.testing.assert_array_equal(current, output)


def test_a_generator_reaches_its_target_a_step_late_where_connections_do():
    output, current = emitted(coding_method="ramp", propagation="one_step")
    np.testing.assert_array_equal(current[1:], output[:-1])
    np.testing.assert_array_equal(current[0], 0)


@pytest.mark.parametrize(
    ("settings", "probability", "first"),
    [
        ({"coding_method": "poisson_generator", "rate": [0.0, 2.0, 5.0, 10.0], "start_time": 5.0}, [0.0, 0.2, 0.5, 1.0], 10),
        ({"coding_method": "poisson_generator2", "rate": [0.0, 0.4, 1.0, 2.0]}, [0.0, 0.2, 0.5, 1.0], 0),
    ],
)
def test_poisson_generators_fire_as_often_as_they_say(settings, probability, first, key):
    output, _ = emitted(steps=3000 + first, dt=0.5, key=key, **settings)
    assert not output[:first].any()
    got, p = output[first:].mean((0, 1)), np.array(probability)
    assert (np.abs(got - p) <= 4.5 * np.sqrt(p * (1 - p) / 6000)).all()


def test_a_generator_goes_on_in_the_next_run(key):
    net = sj.Network()
    net.x = sj.Generator(2, "sin", amp=2.0, period=7.0)
    net.a = sj.NeuronGroup(2, model="leaky_integrator")
    net.w = sj.Connection(net.x, net.a, weight=np.eye(2))
    net.o = sj.StateMonitor(net.x, "O")
    sim = sj.build(net, dt=1.0)
    whole = sim.run(sim.init(key), steps=10).probes["o"]
    first = sim.run(sim.init(key), steps=4)
    second = sim.run(first.variables, steps=6)
    np.testing.assert_allclose(np.concatenate([first.probes["o"], second.probes["o"]]), whole, rtol=1e-5, atol=1e-6)


def test_every_generator_is_in_the_table():
    from spaic_jax.coding import generators

    kinds = {k for k in vars(generators).values() if isinstance(k, type) and issubclass(k, generators.Generating)}
    assert kinds - {generators.Generating} == set(GENERATORS.values())


def test_early_spikes_count_more_and_pass_a_gradient(key):
    net = sj.Network()
    net.x = sj.Encoder(num=2, coding_method="null")
    net.g = sj.NeuronGroup(2, model="leaky_integrator")
    net.w = sj.Connection(net.x, net.g, weight=np.eye(2))
    net.d = sj.Decoder(2, net.g, "time_spike_counts", coding_var_name="Isyn")
    sim = sj.build(net, dt=1.0, plan=sj.Tiled(3))
    x = np.random.default_rng(0).random((8, 1, 2)).astype(np.float32)
    variables = sim.init(key)
    slope = jax.grad(lambda p: sim.run(variables.with_params(p), {"x": x}).outputs["d"].sum())(variables.params)
    expected = (0.1 * np.exp(-np.arange(8) / 4.0))[:, None, None] * x
    np.testing.assert_allclose(slope["w.weight"], np.broadcast_to(expected.sum((0, 1)), (2, 2)), rtol=1e-5)


def test_time_softmax_is_spaics(key):
    recorded = golden("decoder/time_softmax")
    net = sj.Network()
    net.x = sj.Encoder(shape=(2, 6), coding_method="null")
    net.g = sj.NeuronGroup(shape=(2, 6), model="null")
    net.w = sj.Connection(net.x, net.g, "null")
    net.out = sj.Decoder(dec_target=net.g, coding_method="time_softmax")
    x = jnp.asarray(recorded["record"], jnp.float32)
    for plan in (sj.Reference(), sj.Tiled(4)):
        sim = sj.build(net, 1.0, plan=plan)
        variables = sim.init(key, 3)
        outputs = sim.run(variables, {"x": x}).outputs
        np.testing.assert_allclose(outputs["out"], recorded["out0"], rtol=1e-5)
        np.testing.assert_allclose(outputs["out.rate_loss"], recorded["out1"], rtol=1e-5)
        # Of neurons that spike now and then: time stands still where nothing happens.
        silent = x.at[:, :, 0].set((x[:, :, 0] > 0.8).astype(x.dtype))
        got = sim.run(variables, {"x": silent}).outputs["out"]
        t = np.where(silent[:, :, 0] > 0, 0.0, 10.0) + np.arange(10)[:, None, None]
        np.testing.assert_allclose(got, 5 * np.exp((t.min((0, 2))[:, None] - t) / 50).sum(0), rtol=1e-4)
        slope = jax.jit(jax.grad(lambda x, sim=sim, v=variables: sim.run(v, {"x": x}).outputs["out"].sum()))(silent)
        each = 5 * np.exp((t.min((0, 2))[:, None] - t) / 50) / 50 / (np.asarray(silent[:, :, 0]).sum(0) + 1)
        np.testing.assert_allclose(slope[:, :, 0], each, rtol=1e-4, atol=1e-7)
        np.testing.assert_allclose(slope[:, :, 1], each, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("method", ["latency", "constant_current", "poisson", "mstb", "uniform"])
def test_an_encoder_may_code_for_a_part_of_the_run(method, key):
    """As if the run ended there, and silence after it."""
    sims = []
    for time in (4.0, None):
        net = sj.Network()
        net.x, net.g = sj.Encoder(num=3, coding_method=method, time=time), sj.NeuronGroup(3, model="if")
        net.w, net.o = sj.Connection(net.x, net.g), sj.StateMonitor(net.x, "O")
        sims.append(sj.build(from_dict(to_dict(net)), 0.5, plan=sj.Tiled(3)))
    shape = sims[0].program.by_name["x"].shape
    x = np.random.default_rng(0).uniform(0, 1, (2, *shape)).astype(np.float32) * (3.0 if method == "mstb" else 1.0)
    long = np.asarray(sims[0].run(sims[0].init(key, 2), {"x": x}, key, 15).probes["o"])
    short = np.asarray(sims[1].run(sims[1].init(key, 2), {"x": x}, key, 8).probes["o"])
    assert (long[8:] == 0).all() and short.any()
    if method != "poisson":
        np.testing.assert_array_equal(long[:8], short)
    with pytest.raises(ValueError, match="time of encoder 'x' must be a positive whole number of steps"):
        net = sj.Network()
        net.x, net.g = sj.Encoder(num=3, coding_method=method, time=0.7), sj.NeuronGroup(3, model="if")
        net.w = sj.Connection(net.x, net.g)
        sj.build(net, 0.5)


def test_a_current_may_be_brought_to_one(key):
    net = sj.Network()
    net.x, net.g = sj.Encoder(num=3, coding_method="constant_current", input_norm=True, amp=2.0), sj.NeuronGroup(3, model="if")
    net.w, net.o = sj.Connection(net.x, net.g), sj.StateMonitor(net.x, "O")
    sim = sj.build(net, 0.5)
    x = np.array([[1.0, 3.0, 2.0], [5.0, 5.0, 5.0]], np.float32)
    np.testing.assert_allclose(sim.run(sim.init(key, 2), {"x": x}, steps=1).probes["o"][0], [[0, 2, 1], [0, 0, 0]])


def test_what_else_a_decoder_says_is_no_second_decoder(key):
    """Training finds the one decoder, and its loss may be read beside it."""
    net = sj.Network()
    net.x, net.g = sj.Encoder(shape=(2, 3), coding_method="null"), sj.NeuronGroup(shape=(2, 3), model="null")
    net.w = sj.Connection(net.x, net.g, "null")
    net.out = sj.Decoder(dec_target=net.g, coding_method="time_softmax")
    sim = sj.build(net, 1.0)
    x = (np.random.default_rng(0).random((9, 4, 2, 3)) < 0.3).astype(np.float32)
    assert {*sim.run(sim.init(key, 4), {"x": x}).outputs} == {"out", "out.rate_loss"}
    scores = sj.train.evaluate(sim, sim.init(key), sj.data.Dataset({"x": x}, np.array([0, 1, 2, 0])), batch_size=4, key=key)
    assert 0 <= scores.accuracy <= 1
