"""Reading and writing at places that an array of indices names."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from spaic_jax._shapes import Array, Integer, Shaped
from spaic_jax.ops._check import array, axis, cast, fitted, integral, known, within


def index_select(x: Shaped[ArrayLike, "..."], indices: Integer[ArrayLike, "chosen"], dim: int = 1) -> Shaped[Array, "..."]:
    """The slices of `x` that `indices`, a vector of integers, names along an axis.

    Raises:
        ValueError: no such axis, indices of more than one axis, or out of range where they are known while
            tracing.
        TypeError: indices that are no integers.

    Source: SPAIC. Under `jax.jit`, an index out of range gives NaN (for integers, the least number).

    >>> index_select(jnp.array([[1.0, 2.0, 3.0]]), jnp.array([2, 0])).tolist()
    [[3.0, 1.0]]
    """
    value = array("index_select", "x", x)
    place = axis("index_select", dim, value.ndim)
    rows = integral("index_select", "indices", array("index_select", "indices", indices))
    if rows.ndim > 1:
        raise ValueError(f"index_select got indices of shape {rows.shape}, but needs one axis of them.")
    within("index_select", "indices", known(indices), value.shape[place])
    return jnp.take(value, _from_front(rows, value.shape[place]).reshape(-1), axis=place, mode="fill")


def _from_front(indices: jax.Array, size: int) -> jax.Array:
    """The indices, with negative ones, which JAX would count from the end, moved out of range."""
    return jnp.where(indices < 0, jnp.full_like(indices, size), indices)


def scatter(
    x: Shaped[ArrayLike, "*shape"], indices: Integer[ArrayLike, "..."], src: ArrayLike, dim: int = 0
) -> Shaped[Array, "*shape"]:
    """`x` with `src` written where `indices` says, along one axis.

    For two axes and `dim=0`: `y = x`, then `y[indices[i, j], j] = src[i, j]`.

    Args:
        x: array.
        indices: integers, with as many axes as `x`, none but `dim` longer than it is there.
        src: what to write, of the shape of `indices` or a number. If two writes meet, either may stay.
        dim: the axis along which to write.

    Raises:
        ValueError: shapes that do not match, or indices out of range where they are known while tracing.
        TypeError: indices that are no integers.

    Source: SPAIC, which calls it without `src` and so always fails. Under `jax.jit`, a write out of range is
    dropped.

    >>> scatter(jnp.zeros(4), jnp.array([3, 0]), jnp.array([5.0, 6.0])).tolist()
    [6.0, 0.0, 0.0, 5.0]
    """
    value = array("scatter", "x", x, 1, "at least one axis")
    place = axis("scatter", dim, value.ndim)
    where = integral("scatter", "indices", array("scatter", "indices", indices))
    longer = where.ndim == value.ndim and any(
        n > m for i, (n, m) in enumerate(zip(where.shape, value.shape, strict=True)) if i != place
    )
    if where.ndim != value.ndim or longer:
        raise ValueError(
            f"scatter got indices of shape {where.shape} for x of shape {value.shape}, "
            f"but needs as many axes, none but axis {dim} longer."
        )
    within("scatter", "indices", known(indices), value.shape[place])
    value, given = cast("scatter", x=value, src=array("scatter", "src", src))
    if given.shape not in ((), where.shape):
        raise ValueError(
            f"scatter got src of shape {given.shape}, "
            f"but needs a number or the shape of indices {where.shape}."
        )
    grid = [jax.lax.broadcasted_iota(where.dtype, where.shape, i) for i in range(where.ndim)]
    grid[place] = _from_front(where, value.shape[place])
    return value.at[tuple(grid)].set(fitted("scatter", "src", given, where.shape), mode="drop")
