"""Each neuron to the one of the same place."""

import dataclasses
import math
from collections.abc import Sequence

import jax

from spaic_jax.program import Op, Variable
from spaic_jax.synapses.base import Ends, Weighted


@dataclasses.dataclass(frozen=True)
class _Pairs:
    """`I_i = w_i s_i (+ b_i)`; a comparable function of arrays."""

    post_shape: tuple[int, ...]

    def __str__(self) -> str:
        return "pairs"

    def __call__(self, spikes: jax.Array, weight: jax.Array, bias: jax.Array | None = None) -> jax.Array:
        batch = spikes.shape[0]
        current = spikes.reshape(batch, -1) * weight[None]
        return (current if bias is None else current + bias[None]).reshape(batch, *self.post_shape)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class OneToOne(Weighted):
    """Each presynaptic neuron to the postsynaptic one of the same place; one weight a pair.

    $$ I_i = w_i s_i (+ b_i) $$

    SPAIC keeps a dense matrix, whose other entries training fills; here there are none.

    Args:
        weight: one number a pair, an initial value, or `None` for N(w_mean, w_std).
        w_mean, w_std: mean and standard deviation of the weights when `weight` is `None`.
        w_min, w_max: bounds of the weights.
        bias: one number a postsynaptic neuron, an initial value, or `None` for no bias.

    Raises:
        ValueError: when the two ends differ in size, or a given shape does not fit.

    Source: SPAIC, `one_to_one` and `one_to_one_sparse`.

    >>> OneToOne(w_mean=0.5).w_mean
    0.5
    """

    w_mean: float = 0.05
    w_std: float = 0.0

    def lower(self, ends: Ends) -> tuple[Sequence[Variable], Sequence[Op]]:
        post, pre = math.prod(ends.post_shape), math.prod(ends.pre_shape)
        if post != pre:
            raise ValueError(f"connection '{ends.name}': one_to_one needs ends of one size, but they have {pre} and {post}.")
        variables = self.variables(ends, (post,), "pairs", post)
        inputs = (ends.source, *(variable.name for variable in variables))
        return variables, [Op(ends.target, _Pairs(ends.post_shape), inputs, name=ends.name)]
