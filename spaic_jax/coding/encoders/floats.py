"""Numbers, held for the run or given for each step."""

import dataclasses
from collections.abc import Sequence

from spaic_jax.coding.encoders.base import Coding
from spaic_jax.program import Op


@dataclasses.dataclass(frozen=True)
class Floats(Coding):
    """The input as it is, in every step: `[B, *shape]` held for the run, or `[T, B, *shape]`.

    Source: SPAIC, `float`.

    >>> Floats().axes
    'either'
    """

    def lower(self, source: str, target: str) -> Sequence[Op]:
        return [Op(target, "assign", (source,))]
