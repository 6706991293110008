"""Bernoulli spikes."""

import dataclasses
from typing import ClassVar

import jax
import jax.numpy as jnp

from spaic_jax.coding.encoders.base import Coding
from spaic_jax.coding.steps import wide
from spaic_jax.coding.values import names
from spaic_jax.program import Context, Fragment, Op, Site


def probability(x: jax.Array, most: jax.Array) -> jax.Array:
    """The probability of a spike; float32 at least."""
    return wide(x) / jnp.maximum(wide(x).max(), 1.0) * most


def draw(key: jax.Array, x: jax.Array, probability: jax.Array) -> jax.Array:
    """The spikes of one step, in the dtype of the data."""
    return (jax.random.uniform(key, probability.shape, probability.dtype) < probability).astype(x.dtype)


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

    values: ClassVar = ("max_prob",)
    max_prob: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.max_prob <= 1:
            raise ValueError(f"Bernoulli: max_prob must lie in (0, 1], got {self.max_prob!r}.")

    def lower(self, site: Site, context: Context) -> Fragment:
        variables, p = self.constants(site), f"{site.target}.p"
        return Fragment(
            variables,
            (
                Op(p, probability, (site.source, *names(variables))),
                Op(site.target, draw, (site.source, p), random=True),
            ),
        )
