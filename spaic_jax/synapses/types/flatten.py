"""Maps as one row of values."""

import dataclasses
from typing import ClassVar

import jax

from spaic_jax import ops
from spaic_jax.synapses.types.base import Pure


@dataclasses.dataclass(frozen=True, kw_only=True)
class Flatten(Pure):
    """All values of a sample in one axis, the last one fastest; `full` takes any shape so, with or without it.

    Source: SPAIC, `flatten`.

    >>> Flatten().makes((2, 3, 4))
    (24,)
    """

    presynaptic: ClassVar = True

    def __call__(self, value: jax.Array) -> jax.Array:
        return ops.feature_map_flatten(value)
