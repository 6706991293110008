"""Values left out at random while a network is trained."""

import dataclasses
from collections.abc import Sequence
from typing import ClassVar

import jax

from spaic_jax import ops
from spaic_jax.program import Op, Variable
from spaic_jax.synapses.base import Ends
from spaic_jax.synapses.types.base import Reshaped, Synapse


@dataclasses.dataclass(frozen=True, kw_only=True)
class Dropout(Synapse):
    """In training, each value is left out with probability `p` in every step, and the others are divided by `1 - p`.

    Otherwise nothing happens, and it costs nothing: see `Simulator.train`. SPAIC drops in evaluation too.

    Args:
        p: probability, at least 0 and below 1.

    Raises:
        ValueError: another `p`.

    Source: SPAIC, `dropout`; Srivastava et al. (2014).

    >>> Dropout(p=0.2).makes((3, 4))
    (3, 4)
    """

    presynaptic: ClassVar = True
    p: float = 0.5

    def __post_init__(self) -> None:
        if isinstance(self.p, bool) or not isinstance(self.p, int | float) or not 0 <= self.p < 1:
            raise ValueError(f"Dropout: p must be at least 0 and below 1, got {self.p!r}.")

    def makes(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return shape

    def __call__(self, key: jax.Array, value: jax.Array) -> jax.Array:
        return ops.dropout(key, value, self.p)

    def lower(self, ends: Ends) -> tuple[Sequence[Variable], Sequence[Op]]:
        dropped = Op(ends.target, Reshaped(self, ends.post_shape), (ends.source,), name=ends.name, random=True)
        whole = Op(ends.target, Reshaped(ops.assign, ends.post_shape), (ends.source,), name=ends.name, training=dropped)
        return (), [whole]
