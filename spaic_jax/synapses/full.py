"""All-to-all connection."""

import dataclasses
import math
from collections.abc import Sequence
from typing import ClassVar

import jax

from spaic_jax.program import Op, Variable
from spaic_jax.synapses.base import Ends, Weighted


@dataclasses.dataclass(frozen=True)
class Affine:
    """`I = s W^T (+ b)` between two shapes, each taken flat; a comparable function of arrays."""

    post_shape: tuple[int, ...]

    def __str__(self) -> str:
        return "affine"

    def __call__(self, spikes: jax.Array, weight: jax.Array, bias: jax.Array | None = None) -> jax.Array:
        batch = spikes.shape[0]
        current = spikes.reshape(batch, -1) @ weight.T
        return (current if bias is None else current + bias[None]).reshape(batch, *self.post_shape)


def dense_rows(ends: Ends, weight: str, bias: Sequence[str]) -> tuple[Sequence[Variable], Sequence[Op]]:
    """What follows a weight matrix `(post, pre)`: the product, or delays of each synapse and the product."""
    if ends.delay is not None:
        return ends.delay.lower(ends, weight, bias)
    return (), [Op(ends.target, Affine(ends.post_shape), (ends.source, weight, *bias), name=ends.name)]


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Full(Weighted):
    """Every presynaptic neuron to every postsynaptic one.

    $$ I_i = \\sum_j W_{ij} s_j (+ b_i) $$

    Args:
        weight: `(post, pre)` array, an initial value, or `None` for N(w_mean, w_std).
        w_mean, w_std: mean and standard deviation of the weights when `weight` is `None`.
        w_min, w_max: bounds of the weights.
        bias: one number a postsynaptic neuron, an initial value, or `None` for no bias.

    Raises:
        ValueError: when the weight's or the bias' shape does not fit the two ends, or `w_min` exceeds `w_max`.

    Source: SPAIC, `full`.

    >>> Full(w_std=0.1).w_std
    0.1
    """

    delays_synapses: ClassVar = True

    def lower(self, ends: Ends) -> tuple[Sequence[Variable], Sequence[Op]]:
        shape = (math.prod(ends.post_shape), math.prod(ends.pre_shape))
        weight, *bias = self.variables(ends, shape, "post, pre", shape[0])
        variables, ops = dense_rows(ends, weight.name, [variable.name for variable in bias])
        return [weight, *bias, *variables], ops
