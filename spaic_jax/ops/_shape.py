"""Joining, splitting, ordering and summing axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from spaic_jax._shapes import Array, Shaped
from spaic_jax.ops._check import array, axis, cast, integer


def assign(x: Shaped[ArrayLike, "*shape"]) -> Shaped[Array, "*shape"]:
    """`x` itself. Source: SPAIC.

    >>> assign(jnp.array([1.0])).tolist()
    [1.0]
    """
    return array("assign", "x", x)


def _members(op: str, x: Any, rest: tuple[Any, ...], dim: int) -> tuple[list[jax.Array], int]:
    """The arrays and the axis of `op([a, b], dim)`, as SPAIC calls it, or of `op(a, b, dim=dim)`."""
    if isinstance(x, (list, tuple)):
        if len(rest) > 1:
            raise TypeError(f"{op} got {len(rest)} arguments after a list, but needs one axis at most.")
        members, dim = list(x), (rest[0] if rest else dim)
    else:
        members = [x, *rest]
    if not members:
        raise ValueError(f"{op} got an empty list, but needs at least one array.")
    names = [f"x[{i}]" for i in range(len(members))]
    arrays = [array(op, name, member) for name, member in zip(names, members, strict=True)]
    return cast(op, mixed=True, **dict(zip(names, arrays, strict=True))), dim


def _equal_shapes(op: str, members: Sequence[jax.Array]) -> None:
    if len({m.shape for m in members}) > 1:
        raise ValueError(
            f"{op} got shapes {', '.join(str(m.shape) for m in members)}, "
            "but needs equal shapes."
        )


def cat(x: Any, *rest: Any, dim: int = 1) -> Shaped[Array, "..."]:
    """The arrays joined along an axis they have.

    Called `cat([a, b], 0)` as in SPAIC, or `cat(a, b, dim=0)`, as the inputs of an op row arrive.

    Raises:
        ValueError: no such axis, or shapes that differ in another axis.

    Source: SPAIC.

    >>> cat([jnp.ones((2, 1)), jnp.ones((2, 3))]).shape
    (2, 4)
    """
    members, dim = _members("cat", x, rest, dim)
    place = axis("cat", dim, members[0].ndim)
    others = {(m.ndim, m.shape[:place], m.shape[place + 1 :]) for m in members}
    if len(others) > 1:
        given = ", ".join(str(m.shape) for m in members)
        raise ValueError(f"cat got shapes {given}, but needs shapes equal but for axis {dim}.")
    return jnp.concatenate(members, place)


def stack(x: Any, *rest: Any, dim: int = 1) -> Shaped[Array, "..."]:
    """The arrays stacked along a new axis.

    Called `stack([a, b], 0)` as in SPAIC, or `stack(a, b, dim=0)`, as the inputs of an op row arrive. If
    ranks differ, a member `m` of shape `(batch, n)` is taken as spikes without a time plane and becomes
    `(batch, 2, n)`, `[m, 0]`.

    Raises:
        ValueError: no such axis, or shapes that still differ.

    Source: SPAIC, which changes the caller's list; here it is left alone.

    >>> stack([jnp.ones((2, 3)), jnp.zeros((2, 3))]).shape
    (2, 2, 3)
    >>> stack([jnp.ones((2, 3)), jnp.zeros((2, 2, 3))]).shape
    (2, 2, 2, 3)
    """
    members, dim = _members("stack", x, rest, dim)
    if len({m.ndim for m in members}) > 1:
        members = [jnp.stack([m, jnp.zeros_like(m)], 1) if m.ndim == 2 else m for m in members]
    _equal_shapes("stack", members)
    return jnp.stack(members, axis("stack", dim, members[0].ndim + 1))


def reduce_sum_update(x: Any, *rest: Any) -> Shaped[Array, "..."]:
    """The sum of arrays of one shape: what several writers of a variable amount to.

    Called with a list, as in SPAIC, or with the arrays. Raises ValueError for shapes that differ. Source:
    SPAIC.

    >>> reduce_sum_update([jnp.array([1.0]), jnp.array([2.0]), jnp.array([4.0])]).tolist()
    [7.0]
    """
    members, _ = _members("reduce_sum_update", x, rest, 0)
    _equal_shapes("reduce_sum_update", members)
    return sum(members[1:], members[0])


def reduce_sum(x: ArrayLike, *dim: int, keepdim: bool = False) -> Shaped[Array, "..."]:
    """The sum of `x` over axes, over axis 1 if none is named.

    Args:
        x: array.
        dim: axes; integers, or arrays that hold one and are known while tracing.
        keepdim: keep each summed axis with size 1.

    Raises:
        ValueError: no such axis, or one named twice.

    Source: SPAIC, which fails on axes that are arrays and cannot keep an axis.

    >>> reduce_sum(jnp.ones((2, 3, 4)), 0, 2).tolist()
    [8.0, 8.0, 8.0]
    """
    value = array("reduce_sum", "x", x)
    axes = tuple(axis("reduce_sum", d, value.ndim) for d in (dim or (1,)))
    if len(set(axes)) < len(axes):
        raise ValueError(f"reduce_sum got dim={dim}, but needs axes that differ.")
    return jnp.sum(value, axes, keepdims=keepdim)


def permute(x: ArrayLike, permute_dim: Sequence[int]) -> Shaped[Array, "..."]:
    """`x` with its axes in another order. Source: SPAIC.

    Raises ValueError if `permute_dim` does not name each axis once.

    >>> permute(jnp.ones((2, 3, 4)), [2, 0, 1]).shape
    (4, 2, 3)
    """
    value = array("permute", "x", x)
    order = tuple(axis("permute", d, value.ndim) for d in permute_dim)
    if sorted(order) != list(range(value.ndim)):
        raise ValueError(
            f"permute got permute_dim={permute_dim}, "
            f"but needs each of the {value.ndim} axes once."
        )
    return jnp.transpose(value, order)


def view(x: ArrayLike, view_dim: Sequence[int]) -> Shaped[Array, "..."]:
    """`x` in another shape, of which one size may be -1. Source: SPAIC.

    Raises ValueError if the sizes do not multiply to that of `x`.

    >>> view(jnp.ones((2, 3, 4)), [-1, 4]).shape
    (6, 4)
    """
    value = array("view", "x", x)
    shape = tuple(integer("view", "view_dim", d, -1) for d in view_dim)
    rest = math.prod(n for n in shape if n >= 0)
    unknown = shape.count(-1)
    if not (value.size == rest if unknown == 0 else unknown == 1 and rest > 0 and value.size % rest == 0):
        raise ValueError(
            f"view got view_dim={view_dim} for x of shape {value.shape}, "
            f"but needs {value.size} elements."
        )
    return jnp.reshape(value, shape)


def unsqueeze(X: ArrayLike, dim: int) -> Shaped[Array, "..."]:
    """`X` with a new axis of size 1 at `dim`. Source: SPAIC.

    >>> unsqueeze(jnp.ones((2, 3)), 1).shape
    (2, 1, 3)
    """
    value = array("unsqueeze", "X", X)
    return jnp.expand_dims(value, axis("unsqueeze", dim, value.ndim + 1))


def conv2d_flatten(x: Shaped[ArrayLike, "*batch channels height width"]) -> Shaped[Array, "*batch channels places"]:
    """Maps `(..., C, H, W)` as vectors `(..., C, H * W)`. Source: SPAIC.

    >>> conv2d_flatten(jnp.ones((2, 3, 4, 5))).shape
    (2, 3, 20)
    """
    value = array("conv2d_flatten", "x", x, 3, "(..., C, H, W)")
    return jnp.reshape(value, (*value.shape[:-2], math.prod(value.shape[-2:])))


def feature_map_flatten(x: Shaped[ArrayLike, "batch *features"]) -> Shaped[Array, "batch features"]:
    """Samples `(N, ...)` as vectors `(N, features)`. Source: SPAIC.

    >>> feature_map_flatten(jnp.ones((2, 3, 4, 5))).shape
    (2, 60)
    """
    value = array("feature_map_flatten", "x", x, 1, "a batch axis in front")
    return jnp.reshape(value, (value.shape[0], math.prod(value.shape[1:])))
