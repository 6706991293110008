"""The input itself, in every step."""

import dataclasses
from typing import ClassVar

import jax
import jax.numpy as jnp

from spaic_jax.coding.encoders.base import Coding
from spaic_jax.coding.values import names
from spaic_jax.program import Context, Fragment, Op, Site


def scaled(x: jax.Array, amp: jax.Array) -> jax.Array:
    """The current of one step."""
    return x * amp.astype(x.dtype)


def normed(x: jax.Array) -> jax.Array:
    """Each sample from its least to its largest value, brought to 0 ... 1."""
    sample = tuple(range(1, x.ndim))
    low, high = x.min(sample, keepdims=True), x.max(sample, keepdims=True)
    return (x - low) / jnp.where(high > low, high - low, jnp.ones_like(high))


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

    values: ClassVar = ("amp",)
    amp: float = 1.0
    input_norm: bool = False

    def lower(self, site: Site, context: Context) -> Fragment:
        variables, source, ops = self.constants(site), site.source, []
        if self.input_norm:
            source = f"{site.target}.normed"
            ops.append(Op(source, normed, site.source))
        return Fragment(variables, (*ops, Op(site.target, scaled, (source, *names(variables)))))
