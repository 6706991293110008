"""The presynaptic output itself."""

import dataclasses
import math
from collections.abc import Sequence

import jax

from spaic_jax.program import Op, Variable
from spaic_jax.synapses.base import Ends, Link


@dataclasses.dataclass(frozen=True)
class _Reshape:
    """Values in another shape; a comparable function of arrays."""

    post_shape: tuple[int, ...]

    def __str__(self) -> str:
        return "directpass"

    def __call__(self, spikes: jax.Array) -> jax.Array:
        return spikes.reshape(spikes.shape[0], *self.post_shape)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Direct(Link):
    """The presynaptic output is the current, `I = s`; the two ends hold equally many.

    Raises:
        ValueError: when they do not.

    Source: SPAIC, `null` with the synapse `directpass`.

    >>> type(Direct()).__name__
    'Direct'
    """

    def lower(self, ends: Ends) -> tuple[Sequence[Variable], Sequence[Op]]:
        pre, post = math.prod(ends.pre_shape), math.prod(ends.post_shape)
        if pre != post:
            raise ValueError(f"connection '{ends.name}': null needs ends of one size, but they have {pre} and {post}.")
        return (), [Op(ends.target, _Reshape(ends.post_shape), (ends.source,), name=ends.name)]
