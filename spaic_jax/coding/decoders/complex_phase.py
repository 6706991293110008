"""Amplitudes by the activity of the population."""

import dataclasses
from collections.abc import Hashable, Mapping
from typing import ClassVar

import jax
import jax.numpy as jnp

from spaic_jax._shapes import Array, Inexact, Shaped
from spaic_jax.coding.decoders.base import Decoding
from spaic_jax.coding.decoders.complex_spikes import check_complex


def phase(kept: Inexact[Array, "time batch *shape"], *, dt: float) -> Shaped[Array, "..."]:
    """Amplitudes, weighed by the softmax over time of the mean size."""
    check_complex("ComplexPhase", kept)
    silent = kept == 0
    # |z| has no gradient at 0.
    size = jnp.where(silent, 0.0, jnp.abs(jnp.where(silent, jnp.ones_like(kept), kept)))
    reference = jax.nn.softmax(size.mean(-1, keepdims=True), axis=0) * dt
    return (kept.real / (size + 1.0) * reference).sum(0)


@dataclasses.dataclass(frozen=True)
class ComplexPhase(Decoding):
    """`sum_t w_t Re(z) / (|z| + 1)`, where `w` is `dt` times the softmax over time of the mean of `|z|`, `[B, n]`.

    Raises:
        ValueError: spikes that are not complex.

    Source: SPAIC, `complex_phase`.

    >>> ComplexPhase().settings(dt=0.5)
    {'dt': 0.5}
    """

    finish: ClassVar = staticmethod(phase)

    def settings(self, dt: float) -> Mapping[str, Hashable]:
        return {"dt": dt}
