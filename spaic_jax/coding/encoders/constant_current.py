"""The input itself, in every step."""

import dataclasses
from typing import ClassVar

import jax.numpy as jnp

from spaic_jax._numbers import real
from spaic_jax._shapes import AnyArray, Array, Float, Shaped
from spaic_jax.coding.encoders.base import Coding, each_sample, of_sequence
from spaic_jax.coding.steps import wide
from spaic_jax.coding.values import keep, names
from spaic_jax.program import Context, Fragment, Op, Site


def scaled(x: Shaped[Array, "*shape"], amp: Float[Array, ""]) -> Shaped[Array, "*shape"]:
    """The current of one step."""
    return x * amp.astype(x.dtype)


def least(x: Shaped[AnyArray, "time batch *shape"]) -> Shaped[AnyArray, "batch"]:
    """The least value of each sequence of `[T, B, ...]`."""
    return x.min((0, *range(2, x.ndim)))


def largest(x: Shaped[AnyArray, "time batch *shape"]) -> Shaped[AnyArray, "batch"]:
    """The largest value of each sequence of `[T, B, ...]`."""
    return x.max((0, *range(2, x.ndim)))


def normed(
    x: Shaped[Array, "batch *shape"], least: Shaped[Array, "batch"], largest: Shaped[Array, "batch"]
) -> Shaped[Array, "batch *shape"]:
    """Each sample from its least to its largest value, brought to 0 ... 1."""
    low, high = each_sample(least, x), each_sample(largest, x)
    return ((wide(x) - low) / jnp.where(high > low, high - low, jnp.ones_like(high))).astype(x.dtype)


@dataclasses.dataclass(frozen=True)
class ConstantCurrent(Coding):
    """`amp * x` in every step.

    Args:
        amp: amplitude of an input of one.
        input_norm: whether each sample is brought to 0 ... 1 first, by its least and its largest value of all steps. A single
            step (`Simulator.step`) and a piece of a presentation do not tell them: give them as the inputs `"<name>.least"`
            and `"<name>.largest"`, `[B]`.

    Raises:
        ValueError: an `amp` that is not finite; at a run, data that is not finite.

    Source: SPAIC, `constant_current`.

    >>> ConstantCurrent(amp=0.5).amp
    0.5
    """

    values: ClassVar = ("amp",)
    amp: float = 1.0
    input_norm: bool = False

    def __post_init__(self) -> None:
        keep(self, amp=real(self.amp, "ConstantCurrent: amp"))

    def lower(self, site: Site, context: Context) -> Fragment:
        variables = self.constants(site)
        if not self.input_norm:
            return Fragment(variables, (Op(site.target, scaled, (site.source, *names(variables))),))
        ends = of_sequence(site, "least", least), of_sequence(site, "largest", largest)
        inside = f"{site.target}.normed"
        return Fragment(
            (*ends, *variables),
            (
                Op(inside, normed, (site.source, *names(ends))),
                Op(site.target, scaled, (inside, *names(variables))),
            ),
        )
