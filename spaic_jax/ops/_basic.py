"""The rows that most programs are made of: copies, thresholds and weighted sums."""

import jax
from jax.typing import ArrayLike

from spaic_jax.ops._check import array, broadcast, contracted


def assign(x: ArrayLike) -> jax.Array:
    """`x` itself. Source: SPAIC.

    >>> assign([1.0, 2.0]).tolist()
    [1.0, 2.0]
    """
    return array("assign", "x", x)


def threshold(x: ArrayLike, v_th: ArrayLike) -> jax.Array:
    """1 where `x > v_th` (strictly), else 0, in the dtype of `x`; it has no gradient. Source: SPAIC.

    >>> threshold(jax.numpy.array([0.5, 1.0, 1.5]), 1.0).tolist()
    [0.0, 0.0, 1.0]
    """
    value, limit = broadcast("threshold", x=array("threshold", "x", x), v_th=array("threshold", "v_th", v_th))
    return (value > limit).astype(value.dtype)


def mat_mult_weight(A: ArrayLike, X: ArrayLike) -> jax.Array:
    """`A X^T`: the input of each postsynaptic neuron from `A` `[..., pre]` and the weights `X` `(post, pre)`.

    Source: SPAIC. Raises ValueError when the presynaptic sizes differ.

    >>> mat_mult_weight(jax.numpy.ones((2, 3)), jax.numpy.ones((4, 3))).shape
    (2, 4)
    """
    spikes, weight = array("mat_mult_weight", "A", A, 1), array("mat_mult_weight", "X", X, 2)
    contracted("mat_mult_weight", "A", spikes, -1, "X", weight, -1)
    return spikes @ weight.T
