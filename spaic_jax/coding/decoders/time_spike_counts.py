"""Spikes counted, early ones more than late ones."""

import dataclasses
from typing import ClassVar

import jax
import jax.numpy as jnp

from spaic_jax.coding.decoders.base import Decoding
from spaic_jax.program import Reduction, Sum


@dataclasses.dataclass(frozen=True)
class _EarlySum(Sum):
    """The sum over time with weights `0.1 exp(-t / (0.5 T))`."""

    leaves_out: ClassVar = False

    def update(self, total: jax.Array, values: jax.Array, positions: jax.Array, steps: int) -> jax.Array:
        weights = 0.1 * jnp.exp(-positions.astype(total.dtype) / (0.5 * jnp.asarray(steps, total.dtype)))
        return total + jnp.tensordot(weights, values.astype(total.dtype), 1)


@dataclasses.dataclass(frozen=True)
class TimeSpikeCounts(Decoding):
    """`sum_t O_t * 0.1 exp(-t / (0.5 T))`, with t from 0 to T - 1 in steps, `[B, *shape]`.

    Source: SPAIC, `time_spike_counts`.

    >>> TimeSpikeCounts().reads is None
    True
    """

    def reduction(self, dt: float) -> Reduction:
        return _EarlySum()
