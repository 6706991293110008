"""The spike itself: threshold, reset, and the choice between two values."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from spaic_jax._shapes import Array, Shaped
from spaic_jax.ops._check import array, broadcast, cast, real, spread


def threshold(
    x: ArrayLike, v_th: ArrayLike, surrogate: Callable[[jax.Array], jax.Array] | None = None
) -> Shaped[Array, "..."]:
    """`1` where `x > v_th`, else `0`, in the dtype of `x`.

    Args:
        x: potential, of any shape.
        v_th: threshold; broadcast against `x`.
        surrogate: a spike function of `x - v_th` with a gradient of its own, such as those of
            `spaic_jax.surrogate`. Without one the gradient is zero.

    Raises:
        ValueError: shapes that do not broadcast together.
        TypeError: complex numbers.

    Source: SPAIC.

    >>> threshold(jnp.array([0.5, 1.0, 1.5]), 1.0).tolist()
    [0.0, 0.0, 1.0]
    """
    value = real("threshold", "x", array("threshold", "x", x))
    level = real("threshold", "v_th", array("threshold", "v_th", v_th))
    potential, limit = broadcast("threshold", x=value, v_th=level)
    if surrogate is not None:
        return surrogate(potential - limit)
    return (potential > limit).astype(value.dtype)


def reset(v: ArrayLike, o: ArrayLike) -> Shaped[Array, "..."]:
    """`v` where `o == 0`, else `0`.

    The gradient flows to `v` where there was no spike, and never to `o`.
    Source: SPAIC, which multiplies by `[o == 0]`, so that NaN and infinity outlive the reset; here they do
    not.

    >>> reset(jnp.array([0.5, 1.5]), jnp.array([0.0, 1.0])).tolist()
    [0.5, 0.0]
    """
    potential, spikes = spread("reset", v=array("reset", "v", v), o=array("reset", "o", o))
    silent = spikes == jnp.zeros_like(spikes)
    return jnp.where(silent, potential, jnp.zeros_like(potential))


def if_assign(cond: ArrayLike, x: ArrayLike, y: ArrayLike) -> Shaped[Array, "..."]:
    """`cond * x + (1 - cond) * y`: `x` where `cond` is 1, `y` where it is 0, their mixture in between.

    The gradient flows to all three, to `cond` as `x - y`.
    Source: SPAIC, where NaN and infinity leak from the side that is not chosen; here they do not.

    >>> if_assign(jnp.array([0.0, 1.0, 0.25]), jnp.array([1.0, 2.0, 3.0]), 10.0).tolist()
    [10.0, 2.0, 8.25]
    """
    op = "if_assign"
    weight = array(op, "cond", cond)
    if weight.dtype == jnp.bool_:
        chosen, other = cast(op, x=array(op, "x", x), y=array(op, "y", y))
        weight, chosen, other = spread(op, cond=weight, x=chosen, y=other)
        return jnp.where(weight, chosen, other)
    weight, chosen, other = broadcast(op, cond=weight, x=array(op, "x", x), y=array(op, "y", y))
    # Only what is not finite is taken out: the gradient to `cond` needs both sides.
    chosen = jnp.where((weight == 0) & ~jnp.isfinite(chosen), jnp.zeros_like(chosen), chosen)
    other = jnp.where((weight == 1) & ~jnp.isfinite(other), jnp.zeros_like(other), other)
    return weight * chosen + (1 - weight) * other
