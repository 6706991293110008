"""Bernoulli spikes."""

import dataclasses
from typing import ClassVar

import jax
import jax.numpy as jnp

from spaic_jax._numbers import real
from spaic_jax._shapes import AnyArray, Array, Float, Shaped
from spaic_jax.coding.check import check_range
from spaic_jax.coding.encoders.base import Coding, each_sample, of_sequence
from spaic_jax.coding.steps import wide
from spaic_jax.coding.values import keep, names
from spaic_jax.program import Context, Fragment, Op, Site


def largest(x: Shaped[AnyArray, "time batch *shape"]) -> Shaped[Array, "batch"]:
    """The largest value of a batch of sequences `[T, B, ...]`, once for each sample."""
    return jnp.broadcast_to(x.max(), x.shape[1:2])


def probability(
    x: Shaped[Array, "batch *shape"], largest: Shaped[Array, "batch"], max_prob: Float[Array, ""]
) -> Float[Array, "batch *shape"]:
    """The probability of a spike; float32 at least."""
    return wide(x) / jnp.maximum(each_sample(largest, x), 1.0) * max_prob


def draw(
    key: jax.Array, x: Shaped[Array, "batch *shape"], probability: Float[Array, "batch *shape"]
) -> Shaped[Array, "batch *shape"]:
    """The spikes of one step, in the dtype of the data."""
    return (jax.random.uniform(key, probability.shape, probability.dtype) < probability).astype(x.dtype)


@dataclasses.dataclass(frozen=True)
class Bernoulli(Coding):
    """An independent spike in each step with probability `max_prob * x`, whatever the length of a step.

    Data with values above one is first divided by its largest value, of the **whole batch** as in SPAIC, and of all steps
    where it changes. A single step (`Simulator.step`) and a piece of a presentation do not tell it: give it as the input
    `"<name>.largest"`, `[B]`; 1 where the data is already at most 1.

    Args:
        max_prob: probability for an input of one, in (0, 1].

    Raises:
        ValueError: a `max_prob` outside (0, 1]; at a run, data that is negative or not finite.

    Source: SPAIC, `bernoulli`.

    >>> Bernoulli(max_prob=0.7).max_prob
    0.7
    """

    values: ClassVar = ("max_prob",)
    max_prob: float = 1.0

    def __post_init__(self) -> None:
        keep(self, max_prob=real(self.max_prob, "Bernoulli: max_prob", above=0, most=1))

    def check_input(self, what: str, x: AnyArray, dt: float, steps: int | None) -> None:
        check_range(what, x, "numbers of at least 0", low=0.0)

    def lower(self, site: Site, context: Context) -> Fragment:
        most = of_sequence(site, "largest", largest)
        variables, p = self.constants(site), f"{site.target}.p"
        return Fragment(
            (most, *variables),
            (
                Op(p, probability, (site.source, most.name, *names(variables))),
                Op(site.target, draw, (site.source, p), random=True),
            ),
        )
