"""The input itself, in every step."""

import dataclasses
from collections.abc import Sequence

import jax

from spaic_jax.coding.encoders.base import Coding, CodingStep
from spaic_jax.program import Op


@dataclasses.dataclass(frozen=True)
class ConstantCurrent(Coding):
    """`amp * x` in every step.

    Args:
        amp: amplitude of an input of one.

    Source: SPAIC, `constant_current`.

    >>> ConstantCurrent(amp=0.5).amp
    0.5
    """

    amp: float = 1.0

    def lower(self, source: str, target: str) -> Sequence[Op]:
        return [Op(target, CodingStep(self, "scale"), (source,))]

    def scale(self, x: jax.Array) -> jax.Array:
        """The current of one step."""
        return x * self.amp
