"""The input itself, in every step."""

import dataclasses
from collections.abc import Sequence

import jax
import jax.numpy as jnp

from spaic_jax.coding.encoders.base import Coding, CodingStep
from spaic_jax.program import Op


@dataclasses.dataclass(frozen=True)
class ConstantCurrent(Coding):
    """`amp * x` in every step.

    Args:
        amp: amplitude of an input of one.
        input_norm: whether each sample is brought to 0 ... 1 first, by its least and its largest value.

    Source: SPAIC, `constant_current`.

    >>> ConstantCurrent(amp=0.5).amp
    0.5
    """

    amp: float = 1.0
    input_norm: bool = False

    def lower(self, source: str, target: str) -> Sequence[Op]:
        return [Op(target, CodingStep(self, "scale"), (source,))]

    def scale(self, x: jax.Array) -> jax.Array:
        """The current of one step."""
        if self.input_norm:
            sample = tuple(range(1, x.ndim))
            low, high = x.min(sample, keepdims=True), x.max(sample, keepdims=True)
            x = (x - low) / jnp.where(high > low, high - low, jnp.ones_like(high))
        return x * self.amp
