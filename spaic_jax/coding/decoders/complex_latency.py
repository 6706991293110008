"""Amplitudes, early ones more than late ones."""

import dataclasses
from typing import ClassVar

import jax
import jax.numpy as jnp

from spaic_jax._shapes import Array, Inexact, Shaped
from spaic_jax.coding.decoders.base import Decoding
from spaic_jax.coding.decoders.complex_spikes import check_complex, spike_times


def latency(kept: Inexact[Array, "time batch *shape"]) -> Shaped[Array, "..."]:
    """Amplitudes by the time that is left and by what came before."""
    check_complex("ComplexLatency", kept)
    steps, spikes = kept.shape[0], (kept.real > 0).astype(kept.real.dtype)
    left = (steps - spike_times(kept)) * spikes
    others = (0, *range(2, kept.ndim))
    early = jnp.exp((left - jax.lax.stop_gradient(left.max(others, keepdims=True))) / steps)
    before = jnp.exp(-jnp.cumsum(jax.lax.stop_gradient(kept.real), 0) / 5.0)
    return (before * kept.real * early * spikes).sum(0)


@dataclasses.dataclass(frozen=True)
class ComplexLatency(Decoding):
    """Amplitudes, early ones more than late ones and the more the fewer came before, `[B, n]`.

    $$ \\sum_t e^{-A_t / 5} a_t e^{(s_t - s_{max}) / T} $$

    over spikes of amplitude `a > 0`, with `A_t` the amplitudes up to step `t`, `s = T - t` the time that is left, in
    steps, and `s_max` the largest of the sample.

    Raises:
        ValueError: spikes that are not complex.

    Source: SPAIC, `complex_latency`.

    >>> ComplexLatency().reads is None
    True
    """

    finish: ClassVar = staticmethod(latency)
