"""Complex models and the decoders of complex spikes, beside loops in complex128."""

import dataclasses
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import spaic_jax as sj
from spaic_jax.neurons import Parameter, PerNeuron, coefficient, parameter, variable
from spaic_jax.storage import from_dict, to_dict


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Turning(sj.neurons.NeuronModel):
    """A damped rotation that is driven by a current; its output is itself."""

    class State(sj.neurons.NeuronModel.State):
        z: PerNeuron = variable(0.0, dtype="complex64")

    output: ClassVar = "z"
    tau: Parameter = parameter(5.0)

    @coefficient
    def turn(self):
        return jnp.exp(self.dt * jax.lax.complex(-1 / self.tau, 0.7))

    def step(self, state, current):
        return self.State(z=self.turn * state.z + jax.lax.complex(current, 0.1 * current))


def outputs(method, dt=0.5, model=None, **settings):
    """What a decoder says of random drive, in both plans, and what it saw."""
    net = sj.Network()
    net.x, net.g = sj.Encoder(num=4, coding_method="null"), sj.NeuronGroup(4, model=model or Turning())
    net.w = sj.Connection(net.x, net.g, w_std=0.5)
    net.z = sj.StateMonitor(net.g, net.g.output)
    net.out = sj.Decoder(dec_target=net.g, coding_method=method, **settings)
    x = np.random.default_rng(0).normal(size=(20, 3, 4)).astype(np.float32)
    sims = [sj.build(net, dt, plan=sj.Reference()), sj.build(net, dt, plan=sj.Tiled(7))]
    variables = sims[0].init(jax.random.key(0), 3)
    results = [sim.run(variables, {"x": x}) for sim in sims]
    np.testing.assert_allclose(results[0].outputs["out"], results[1].outputs["out"], rtol=1e-4, atol=1e-5)
    slopes = [
        jax.grad(lambda p, sim=sim: (sim.run(variables.with_params(p), {"x": x}).outputs["out"] ** 2).sum())(variables.params)
        for sim in sims
    ]
    for name, slope in slopes[0].items():
        assert np.isfinite(slope).all() and np.abs(slope).max() > 0
        np.testing.assert_allclose(slope, slopes[1][name], rtol=1e-3, atol=1e-3 * float(np.abs(slope).max()))
    return np.asarray(results[1].outputs["out"], float), np.asarray(results[1].probes["z"], np.complex128)


def test_count_weighs_the_first_four_spikes():
    got, z = outputs("complex_count")
    assert z.dtype == np.complex128 and np.abs(z.imag).max() > 0
    for b in range(3):
        for n in range(4):
            times = [t - z[t, b, n].imag for t in range(20) if z[t, b, n].real > 0][:4]
            np.testing.assert_allclose(got[b, n], -sum(times) / 20 + 1e-6, rtol=1e-4, atol=1e-5)


def test_phase_is_weighed_by_the_softmax_of_the_mean_amplitude():
    got, z = outputs("complex_phase")
    weight = np.exp(np.abs(z).mean(-1, keepdims=True))
    weight /= weight.sum(0)
    np.testing.assert_allclose(got, (0.5 * weight * z.real / (np.abs(z) + 1)).sum(0), rtol=1e-4, atol=1e-6)


def test_latency_prefers_early_spikes():
    got, z = outputs("complex_latency")
    expected = np.zeros((3, 4))
    left = np.where(z.real > 0, 20 - (np.arange(20)[:, None, None] - z.imag), 0)
    for b in range(3):
        for n in range(4):
            before = 0.0
            for t in range(20):
                before += z[t, b, n].real
                if z[t, b, n].real > 0:
                    expected[b, n] += np.exp(-before / 5) * z[t, b, n].real * np.exp((left[t, b, n] - left[:, b].max()) / 20)
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)


def test_trajectory_is_a_sum_of_rotations():
    got, z = outputs("complex_trajectory", group_num=2, tau_d=15.0, tau_r=6.0, weight=0.5)
    beta = np.exp(-0.5 / 15 - 2j * np.pi * 0.5 / 6)
    x = np.zeros((3, 4), complex)
    for t in range(20):
        x = beta * x + 1j * z[t].real * beta ** z[t].imag
        np.testing.assert_allclose(got[t], 0.5 * x.real.reshape(3, 2, 2).sum(-1), rtol=1e-3, atol=1e-4)


def same(values, kernel):
    """Correlation over time with the kernel's middle on the step itself: by loops."""
    before = len(kernel) // 2
    out = np.zeros_like(values)
    for t in range(len(values)):
        for k, weight in enumerate(kernel):
            if 0 <= t + k - before < len(values):
                out[t] += weight * values[t + k - before]
    return out


def test_convolutions_are_sums_over_time():
    t = np.arange(-4.0, 4.5, 0.5) / 4
    bell = np.exp(-9 * t**2)
    got, z = outputs("complex_conv", time_window=8.0)
    np.testing.assert_allclose(got, same(z.real, bell) + same(0.5 * z.real * z.imag, 6 * t * bell), rtol=1e-3, atol=1e-4)
    got, z = outputs("complex_timing_distance", filter_time=5.0)
    u = np.arange(0, 6.6, 0.6)
    slope = 0.5 * (u - 2) * np.exp(-((u - 1) ** 2)) * 0.006
    np.testing.assert_allclose(got, same(z.real, np.exp(-((u - 2) ** 2))) - same(z.imag, slope), rtol=1e-3, atol=1e-4)
    got, spikes = outputs("spike_conv", model="lif", time_window=8.0)
    np.testing.assert_allclose(got, same(spikes.real, bell), rtol=1e-4, atol=1e-5)


def test_complex_values_pass_a_null_connection(key):
    @dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
    class Sum(Turning):
        def step(self, state, current):
            return self.State(z=state.z + current)

    net = sj.Network()
    net.x, net.a, net.b = sj.Encoder(num=2, coding_method="null"), sj.NeuronGroup(2, model=Turning()), sj.NeuronGroup(2, model=Sum())
    net.w, net.ab = sj.Connection(net.x, net.a), sj.Connection(net.a, net.b, "null")
    net.za, net.zb = sj.StateMonitor(net.a, "z"), sj.StateMonitor(net.b, "z")
    sim = sj.build(net, 1.0, plan=sj.Tiled(3))
    probes = sim.run(sim.init(key), {"x": np.ones((8, 1, 2), np.float32)}).probes
    np.testing.assert_allclose(probes["zb"], np.cumsum(probes["za"], 0), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("method", ["complex_count", "complex_phase", "complex_latency", "complex_trajectory", "complex_conv"])
def test_real_spikes_are_refused(method):
    with pytest.raises(ValueError, match="needs complex spikes, amplitude \\+ time i, but gets float32"):
        outputs(method, model="lif")


def test_bad_settings_are_named():
    group = sj.NeuronGroup(4, model=Turning())
    for settings, sentence in (
        ({"coding_method": "complex_trajectory", "group_num": 3}, "group_num must divide the 4 neurons"),
        ({"coding_method": "spike_conv", "time_window": 0.0}, "SpikeConv: time_window must be a positive, finite number"),
        ({"coding_method": "complex_timing_distance", "filter_time": -1.0}, "filter_time must be a positive, finite number"),
        ({"coding_method": "time_softmax"}, r"time_softmax needs a target of shape \(2, n\)"),
    ):
        with pytest.raises(ValueError, match=sentence):
            sj.Decoder(dec_target=group, **settings)
    net = sj.Network()
    net.x, net.g = sj.Encoder(num=2, coding_method="null"), sj.NeuronGroup(2, model="lif")
    net.w = sj.Connection(net.x, net.g)
    net.out = sj.Decoder(dec_target=net.g, coding_method="complex_conv", time_window=9.0)
    assert from_dict(to_dict(net)).members["out"].decoding.time_window == 9.0
