"""Products with sparse weights in coordinate form."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from spaic_jax._shapes import Array, Integer, Shaped
from spaic_jax.ops._check import array, cast, integers, integral, known, within


def sparse_mat_mult_weight(
    indices: Integer[ArrayLike, "2 nonzero"], values: Shaped[ArrayLike, "nonzero"], X: Shaped[ArrayLike, "*batch pre"], *,
    shape: tuple[int, int],
) -> Shaped[Array, "*batch post"]:
    """`(W @ X.T).T` with a sparse `W`: `W[indices[0, k], indices[1, k]]` is the sum of its `values[k]`.

    Only the entries given are touched, and only they have a gradient.

    Args:
        indices: integers `(2, entries)`, rows (post) and columns (pre); entries that meet are summed.
        values: `(entries,)`.
        X: input, `(..., pre)`.
        shape: `(post, pre)` of the weight.

    Returns:
        `(..., post)`.

    Raises:
        ValueError: shapes that do not match, or indices out of range where they are known while tracing.
        TypeError: indices that are no integers, or a complex operand and a real one.

    Source: SPAIC, where the first argument is a sparse tensor; here its parts are given, as variables of a
    program hold them. Under `jax.jit`, entries out of range are dropped.

    >>> weight = {"indices": jnp.array([[0, 1, 1], [2, 0, 2]]), "values": jnp.array([5.0, 6.0, 7.0])}
    >>> sparse_mat_mult_weight(**weight, X=jnp.array([[1.0, 10.0, 100.0]]), shape=(2, 3)).tolist()
    [[500.0, 706.0]]
    """
    op = "sparse_mat_mult_weight"
    post, pre = integers(op, "shape", shape, 2, 0)
    where = integral(op, "indices", array(op, "indices", indices))
    entries = array(op, "values", values)
    x = array(op, "X", X, 1, "(..., pre)")
    if entries.ndim != 1 or where.shape != (2, entries.size):
        raise ValueError(
            f"{op} got indices of shape {where.shape} and values of shape {entries.shape}, "
            "but needs (2, entries) and (entries,)."
        )
    if x.shape[-1] != pre:
        raise ValueError(
            f"{op} got X of shape {x.shape}, "
            f"but needs its last axis to be pre ({pre}) of shape {shape}."
        )
    given = known(indices)
    for row, size in enumerate((post, pre)):
        within(op, f"indices[{row}]", None if given is None else given[row], size)
    entries, x = cast(op, mixed=False, values=entries, X=x)
    inside = (where[0] >= 0) & (where[0] < post) & (where[1] >= 0) & (where[1] < pre)
    entries = jnp.where(inside, entries, jnp.zeros_like(entries))
    # Entries lead, so that a row of the gathered block is one contiguous read.
    columns = jnp.take(jnp.moveaxis(x, -1, 0), where[1], axis=0, mode="clip")
    products = columns * jnp.reshape(entries, (-1,) + (1,) * (x.ndim - 1))
    return jnp.moveaxis(jax.ops.segment_sum(products, where[0], num_segments=post), 0, -1)


def sparse_to_dense(
    indices: Integer[ArrayLike, "2 nonzero"], values: Shaped[ArrayLike, "nonzero"], *, shape: tuple[int, int]
) -> Shaped[Array, "post pre"]:
    """The dense weight of a sparse one: `W[indices[0, k], indices[1, k]]` is the sum of its `values[k]`.

    In a program a sparse weight is two variables: a constant `(2, entries)` of indices and a parameter of values, so
    that training changes the entries and leaves the pattern.

    Args:
        indices: integers `(2, entries)`, rows (post) and columns (pre).
        values: `(entries,)`.
        shape: `(post, pre)` of the weight.

    Returns:
        `(post, pre)`.

    Raises:
        ValueError: shapes that do not match, or indices out of range where they are known while tracing.
        TypeError: indices that are no integers.

    Source: SPAIC, whose function of this name returns a sparse tensor.

    >>> sparse_to_dense(jnp.array([[0, 1, 1], [2, 0, 2]]), jnp.array([5.0, 6.0, 7.0]), shape=(2, 3)).tolist()
    [[0.0, 0.0, 5.0], [6.0, 0.0, 7.0]]
    """
    op = "sparse_to_dense"
    size = integers(op, "shape", shape, 2, 0)
    where = integral(op, "indices", array(op, "indices", indices))
    entries = array(op, "values", values)
    if entries.ndim != 1 or where.shape != (2, entries.size):
        raise ValueError(
            f"{op} got indices of shape {where.shape} and values of shape {entries.shape}, "
            "but needs (2, entries) and (entries,)."
        )
    given = known(indices)
    for row in range(2):
        within(op, f"indices[{row}]", None if given is None else given[row], size[row])
    # A negative index would count from the end: out of range, as in the product, it is dropped.
    rows = jnp.where((where >= 0).all(0), where[0], size[0])
    return jnp.zeros(tuple(size), entries.dtype).at[rows, where[1]].add(entries, mode="drop")
