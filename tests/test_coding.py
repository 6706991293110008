"""Encoders and decoders against SPAIC's recordings and their definitions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from spaic import golden

import spaic_jax as sj


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
        ("final_step_voltage", "final_step_voltage", {}),
    ],
)
def test_decoder_gives_spaics_numbers(name, coding_method, settings, key):
    recorded = golden(f"decoder/{name}")
    variable = "V" if coding_method == "final_step_voltage" else "Isyn"
    n = recorded["record"].shape[2]
    net = sj.Network()
    net.x = sj.Encoder(num=n, coding_method="null")
    net.g = sj.NeuronGroup(n, model="if", v_th=1e9)
    net.w = sj.Connection(net.x, net.g, weight=np.eye(n))
    net.d = sj.Decoder(n, net.g, coding_method, coding_var_name=variable, **settings)
    sim = sj.build(net, dt=1.0)
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
        (lambda: sj.Encoder(num=3, unit_conversion=-1.0), "unit_conversion must be positive"),
        (lambda: sj.Encoder(num=3, coding_method="latency", max_scale=0.0), "max_scale must lie in (0, 1]"),
        (lambda: sj.Encoder(), "needs a size"),
        (lambda: sj.Encoder(num=0), "positive whole numbers"),
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
