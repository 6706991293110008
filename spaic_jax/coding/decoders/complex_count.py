"""The first spikes, early ones more than late ones."""

import dataclasses
from typing import ClassVar

import jax.numpy as jnp

from spaic_jax._shapes import Array, Inexact, Shaped
from spaic_jax.coding.decoders.base import Decoding
from spaic_jax.coding.decoders.complex_spikes import check_complex, spike_times


def early(kept: Inexact[Array, "time batch *shape"]) -> Shaped[Array, "..."]:
    """Minus the times of the first four spikes, in runs."""
    check_complex("ComplexCount", kept)
    spikes = (kept.real > 0).astype(kept.real.dtype)
    counted = jnp.where(jnp.cumsum(spikes, 0) < 5, spikes, jnp.zeros_like(spikes))
    return (counted * -spike_times(kept) / kept.shape[0]).sum(0) + 1e-6


@dataclasses.dataclass(frozen=True)
class ComplexCount(Decoding):
    """`-sum t / T` over the first four spikes of each neuron, with `t` the times of spikes in steps, `[B, *shape]`.

    Raises:
        ValueError: spikes that are not complex.

    Source: SPAIC, `complex_count`.

    >>> ComplexCount().reads is None
    True
    """

    finish: ClassVar = staticmethod(early)
