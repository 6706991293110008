"""Who fired first."""

import dataclasses
from typing import ClassVar

import jax
import jax.numpy as jnp

from spaic_jax.coding.decoders.base import Decoding
from spaic_jax.program import Reduction


@dataclasses.dataclass(frozen=True)
class _FirstRow(Reduction):
    """The value of the first step in which a sample is not all zero."""

    leaves_out: ClassVar = True

    def init(self, value: jax.Array) -> tuple[jax.Array, jax.Array]:
        return jnp.zeros_like(value), jnp.zeros(value.shape[0], bool)

    def update(self, total: tuple[jax.Array, jax.Array], values: jax.Array, positions: jax.Array, steps: int) -> tuple[jax.Array, jax.Array]:
        row, found = total
        active = (values != 0).any(tuple(range(2, values.ndim)))
        first = jnp.expand_dims(active.argmax(0), (0, *range(2, values.ndim)))
        here = jnp.take_along_axis(values, first, axis=0)[0]
        new = active.any(0) & ~found
        return jnp.where(new.reshape(-1, *(1,) * (row.ndim - 1)), here, row), found | new

    def finish(self, total: tuple[jax.Array, jax.Array], steps: int) -> jax.Array:
        return total[0]


@dataclasses.dataclass(frozen=True)
class FirstSpike(Decoding):
    """The spikes of the first step in which any neuron of the sample fired, `[B, *shape]`; zeros if none ever did.

    Source: SPAIC, `first_spike`.

    >>> FirstSpike().reads is None
    True
    """

    def reduction(self, dt: float) -> Reduction:
        return _FirstRow()
