"""Poisson spikes."""

import dataclasses
from collections.abc import Sequence

import jax

from spaic_jax.coding.encoders.base import Coding, CodingStep
from spaic_jax.program import Op


@dataclasses.dataclass(frozen=True)
class Poisson(Coding):
    """An independent spike in each step with probability `x * unit_conversion * dt`.

    The input is a rate held for the run, `[B, *shape]`, or one that changes, `[T, B, *shape]`. Probabilities above one
    give a spike in every step, negative ones none. SPAIC compares `u <= p`, which lets a rate of zero fire once in
    2^23 draws; here `u < p`.

    Args:
        unit_conversion: spikes a ms for an input of one.

    Source: SPAIC, `poisson`.

    >>> Poisson(unit_conversion=0.5).unit_conversion
    0.5
    """

    unit_conversion: float = 1.0

    def __post_init__(self) -> None:
        if not self.unit_conversion > 0:
            raise ValueError(f"Poisson: unit_conversion must be positive, got {self.unit_conversion!r}.")

    def lower(self, source: str, target: str) -> Sequence[Op]:
        return [Op(target, CodingStep(self, "draw"), (source, "[dt]"), random=True)]

    def draw(self, key: jax.Array, rate: jax.Array, dt: jax.Array) -> jax.Array:
        """The spikes of one step."""
        probability = rate * (self.unit_conversion * dt)
        return (jax.random.uniform(key, rate.shape, rate.dtype) < probability).astype(rate.dtype)
