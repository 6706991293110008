"""Bernoulli spikes."""

import dataclasses
from collections.abc import Sequence

import jax
import jax.numpy as jnp

from spaic_jax.coding.encoders.base import Coding, CodingStep
from spaic_jax.program import Op


@dataclasses.dataclass(frozen=True)
class Bernoulli(Coding):
    """An independent spike in each step with probability `max_prob * x`, whatever the length of a step.

    Data with values above one is first divided by its largest value, of the **whole batch** as in SPAIC.

    Args:
        max_prob: probability for an input of one, in (0, 1].

    Source: SPAIC, `bernoulli`.

    >>> Bernoulli(max_prob=0.7).max_prob
    0.7
    """

    max_prob: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.max_prob <= 1:
            raise ValueError(f"Bernoulli: max_prob must lie in (0, 1], got {self.max_prob!r}.")

    def lower(self, source: str, target: str) -> Sequence[Op]:
        return [
            Op(f"{target}.p", CodingStep(self, "probability"), (source,)),
            Op(target, CodingStep(self, "draw"), (f"{target}.p",), random=True),
        ]

    def probability(self, x: jax.Array) -> jax.Array:
        """The probability of a spike."""
        return x / jnp.maximum(x.max(), 1.0) * self.max_prob

    def draw(self, key: jax.Array, probability: jax.Array) -> jax.Array:
        """The spikes of one step."""
        return (jax.random.uniform(key, probability.shape, probability.dtype) < probability).astype(probability.dtype)
