"""Decoders of complex spikes: their real part is the amplitude, their imaginary part the time within the step, in steps."""

import dataclasses
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax.coding.decoders.base import Decoding
from spaic_jax.coding.decoders.spike_conv import SpikeConv, smooth


def _check(decoder: Decoding, kept: jax.Array) -> None:
    """ValueError unless spikes are complex."""
    if not jnp.iscomplexobj(kept):
        raise ValueError(f"{type(decoder).__name__} needs complex spikes, amplitude + time i, but gets {kept.dtype}.")


def _times(kept: jax.Array) -> jax.Array:
    """The time of each entry in steps, `[T, B, ...]`: its step less the part of it that was left."""
    steps = jnp.arange(kept.shape[0], dtype=kept.real.dtype)
    return steps.reshape(-1, *(1,) * (kept.ndim - 1)) - kept.imag


@dataclasses.dataclass(frozen=True)
class ComplexCount(Decoding):
    """`-sum t / T` over the first four spikes of each neuron, with `t` the times of spikes in steps, `[B, *shape]`.

    Raises:
        ValueError: spikes that are not complex.

    Source: SPAIC, `complex_count`.

    >>> ComplexCount().reduce is None
    True
    """

    reduce: ClassVar = None

    def __call__(self, kept: jax.Array) -> jax.Array:
        _check(self, kept)
        spikes = (kept.real > 0).astype(kept.real.dtype)
        counted = jnp.where(jnp.cumsum(spikes, 0) < 5, spikes, jnp.zeros_like(spikes))
        return (counted * -_times(kept) / kept.shape[0]).sum(0) + 1e-6


@dataclasses.dataclass(frozen=True)
class ComplexPhase(Decoding):
    """`sum_t w_t Re(z) / (|z| + 1)`, where `w` is `dt` times the softmax over time of the mean of `|z|`, `[B, n]`.

    Args:
        dt: length of a step, ms; that of the simulation by default.

    Raises:
        ValueError: spikes that are not complex.

    Source: SPAIC, `complex_phase`.

    >>> ComplexPhase(dt=0.5).dt
    0.5
    """

    reduce: ClassVar = None
    dt: float | None = None

    def __call__(self, kept: jax.Array) -> jax.Array:
        _check(self, kept)
        silent = kept == 0
        # |z| has no gradient at 0.
        size = jnp.where(silent, 0.0, jnp.abs(jnp.where(silent, jnp.ones_like(kept), kept)))
        reference = jax.nn.softmax(size.mean(-1, keepdims=True), axis=0) * (self.dt or 1.0)
        return (kept.real / (size + 1.0) * reference).sum(0)


@dataclasses.dataclass(frozen=True)
class ComplexLatency(Decoding):
    """Amplitudes, early ones more than late ones and the more the fewer came before, `[B, n]`.

    $$ \\sum_t e^{-A_t / 5} a_t e^{(s_t - s_{max}) / T} $$

    over spikes of amplitude `a > 0`, with `A_t` the amplitudes up to step `t`, `s = T - t` the time that is left, in
    steps, and `s_max` the largest of the sample.

    Raises:
        ValueError: spikes that are not complex.

    Source: SPAIC, `complex_latency`.

    >>> ComplexLatency().reduce is None
    True
    """

    reduce: ClassVar = None

    def __call__(self, kept: jax.Array) -> jax.Array:
        _check(self, kept)
        steps, spikes = kept.shape[0], (kept.real > 0).astype(kept.real.dtype)
        left = (steps - _times(kept)) * spikes
        others = (0, *range(2, kept.ndim))
        early = jnp.exp((left - jax.lax.stop_gradient(left.max(others, keepdims=True))) / steps)
        before = jnp.exp(-jnp.cumsum(jax.lax.stop_gradient(kept.real), 0) / 5.0)
        return (before * kept.real * early * spikes).sum(0)


@dataclasses.dataclass(frozen=True)
class ComplexTimingDistance(Decoding):
    """Spikes smoothed over time, which move with the times within steps, in every step, `[T, B, *shape]`.

    SPAIC's loss is the mean square distance to the spikes of a target, smoothed likewise. The amplitude is correlated with `exp(-(u - 2)^2)`, `u = 0 ... 6` over `filter_time` ms, and the time with
    `0.005 h (u - 2) exp(-(u - 1)^2)`, `h` the step of `u`.

    Args:
        filter_time: length of the filter, ms.
        dt: length of a step, ms; that of the simulation by default.

    Raises:
        ValueError: spikes that are not complex, or a length that is not positive.

    Source: SPAIC, `complex_timing_distance`.

    >>> ComplexTimingDistance(filter_time=20.0).filter_time
    20.0
    """

    reduce: ClassVar = None
    filter_time: float = 10.0
    dt: float | None = None

    def __post_init__(self) -> None:
        if not self.filter_time > 0:
            raise ValueError(f"ComplexTimingDistance: filter_time must be positive, got {self.filter_time!r}.")

    def __call__(self, kept: jax.Array) -> jax.Array:
        _check(self, kept)
        step = 6.0 * (self.dt or 1.0) / self.filter_time
        u = jnp.asarray(np.arange(0, 6.0 + step, step), kept.real.dtype)
        slope = 0.5 * (u - 2) * jnp.exp(-((u - 1) ** 2)) * (step * 0.01)
        return smooth(kept.real, jnp.exp(-((u - 2) ** 2))) - smooth(kept.imag, slope)


@dataclasses.dataclass(frozen=True)
class ComplexTrajectory(Decoding):
    """What damped rotations make of the spikes, summed over groups of neurons, in every step, `[T, B, group_num]`.

    $$ x_t = \\beta x_{t-1} + i\\, a_t \\beta^{\\tau_t}, \\quad \\beta = e^{-dt / \\tau_d - 2 \\pi i\\, dt / \\tau_r}, \\qquad
       y_t = \\sum_{n \\in g} w_n \\mathrm{Re}\\, x_t $$

    Args:
        tau_d: time constant of the decay, ms.
        tau_r: period of the rotation, ms.
        weight: weight of each neuron.
        group_num: number of groups of neurons that follow each other.
        dt: length of a step, ms; that of the simulation by default.

    Raises:
        ValueError: spikes that are not complex, or a `group_num` that does not divide the neurons.

    Source: SPAIC, `complex_trajectory`, which draws the time constants and weights of each neuron and trains them.

    >>> ComplexTrajectory(group_num=2).tau_d
    20.0
    """

    reduce: ClassVar = None
    tau_d: float = 20.0
    tau_r: float = 10.0
    weight: float = 1.0
    group_num: int = 1
    dt: float | None = None

    def check(self, num: int) -> None:
        if self.group_num < 1 or num % self.group_num:
            raise ValueError(f"group_num must divide the {num} neurons of the target, got {self.group_num}.")

    def __call__(self, kept: jax.Array) -> jax.Array:
        _check(self, kept)
        dt = self.dt or 1.0
        rate = jnp.asarray(-dt / self.tau_d - 2j * np.pi * dt / self.tau_r, kept.dtype)
        driven = jax.lax.complex(jnp.zeros_like(kept.real), kept.real) * jnp.exp(rate * kept.imag.astype(kept.dtype))

        def turn(x: jax.Array, entry: jax.Array) -> tuple[jax.Array, jax.Array]:
            x = jnp.exp(rate) * x + entry
            return x, x.real

        traces: Any = jax.lax.scan(turn, jnp.zeros_like(driven[0]), driven)[1]
        return self.weight * traces.reshape(*traces.shape[:2], self.group_num, -1).sum(-1)


@dataclasses.dataclass(frozen=True)
class ComplexConv(SpikeConv):
    """Amplitudes convolved with a bell that each spike's time within its step moves, in every step, `[T, B, *shape]`.

    $$ r = a * k + dt\\, (a \\tau) * k', \\qquad k(t) = e^{-(3 t / w)^2}, \\quad k'(t) = \\frac{6 t}{w} k(t),
       \\quad w = \\text{time\\_window} / 2 $$

    Args:
        time_window: width of the bell, ms.
        dt: length of a step, ms; that of the simulation by default.

    Raises:
        ValueError: spikes that are not complex, or a width that is not positive.

    Source: SPAIC, `complex_conv`, which mixes the samples.

    >>> ComplexConv().time_window
    80.0
    """

    def __call__(self, kept: jax.Array) -> jax.Array:
        _check(self, kept)
        bell, slope = self.bell(kept.real.dtype)
        return smooth(kept.real, bell) + smooth(kept.real * kept.imag * (self.dt or 1.0), slope)
