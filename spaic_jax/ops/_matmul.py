"""Products of real matrices; weights are `(post, pre)`."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from spaic_jax._shapes import Array, Shaped
from spaic_jax._times import Times, times
from spaic_jax.ops._check import array, cast, contracted, fitted


def _weighted(op: str, a: jax.Array, weight: ArrayLike, times: Times) -> jax.Array:
    x = array(op, "X", weight, 2, "(post, pre)")
    if x.ndim != 2:
        raise ValueError(f"{op} got X of shape {x.shape}, but needs (post, pre).")
    contracted(op, "A", a, -1, "X", x, -1)
    return times(*cast(op, mixed=False, A=a, X=x))


def mat_mult_weight(
    A: Shaped[ArrayLike, "*batch pre"], X: Shaped[ArrayLike, "post pre"], *, times: Times = times
) -> Shaped[Array, "*batch post"]:
    """`A @ X.T`: `A` `(..., pre)` and a weight `X` `(post, pre)` give `(..., post)`.

    Raises:
        ValueError: a weight of another rank, or `pre` that differ.
        TypeError: a complex operand and a real one.

    Source: SPAIC.

    >>> mat_mult_weight(jnp.ones((4, 3)), jnp.ones((5, 3))).shape
    (4, 5)
    """
    return _weighted("mat_mult_weight", array("mat_mult_weight", "A", A, 1, "(..., pre)"), X, times)


def reshape_mat_mult(
    A: ArrayLike, X: Shaped[ArrayLike, "post pre"], *, times: Times = times
) -> Shaped[Array, "*batch post"]:
    """`mat_mult_weight` after maps `(..., C, H, W)` of four axes or more are made vectors `(..., C * H * W)`.

    `A` of fewer axes is taken as vectors already. Source: SPAIC.

    >>> reshape_mat_mult(jnp.ones((2, 3, 2, 2)), jnp.ones((5, 12))).shape
    (2, 5)
    """
    a = array("reshape_mat_mult", "A", A, 1, "(..., pre) or (batch, ..., C, H, W)")
    if a.ndim >= 4:
        a = jnp.reshape(a, (*a.shape[:-3], math.prod(a.shape[-3:])))
    return _weighted("reshape_mat_mult", a, X, times)


def mat_mult_pre(A: Shaped[ArrayLike, "*batch post"], X: Shaped[ArrayLike, "*batch pre"]) -> Shaped[Array, "post pre"]:
    """`A.T @ X`: `(batch, post)` and `(batch, pre)` give `(post, pre)`, summed over the batch.

    Further leading axes are summed over too. Raises ValueError unless all axes but the last are equal.
    Source: SPAIC, for plasticity.

    >>> mat_mult_pre(jnp.ones((4, 5)), jnp.ones((4, 3))).shape
    (5, 3)
    """
    a = array("mat_mult_pre", "A", A, 2, "(batch, post)")
    x = array("mat_mult_pre", "X", X, 2, "(batch, pre)")
    if a.shape[:-1] != x.shape[:-1]:
        raise ValueError(
            f"mat_mult_pre got A of shape {a.shape} and X of shape {x.shape}, "
            "but needs all axes but the last equal."
        )
    a, x = cast("mat_mult_pre", mixed=False, A=a, X=x)
    batch = tuple(range(a.ndim - 1))
    return jnp.tensordot(a, x, axes=(batch, batch))


def _product(op: str, a: jax.Array, x: jax.Array) -> jax.Array:
    contracted(op, "A", a, -1, "X", x, -2)
    if x.ndim > 2 and a.shape[:-2] != x.shape[:-2]:
        raise ValueError(
            f"{op} got A of shape {a.shape} and X of shape {x.shape}, "
            "but needs equal leading axes."
        )
    a, x = cast(op, mixed=False, A=a, X=x)
    return jnp.matmul(a, x) if x.ndim > 2 else jnp.tensordot(a, x, axes=((-1,), (0,)))


def mat_mult(A: Shaped[ArrayLike, "*batch k"], X: Shaped[ArrayLike, "*some k m"]) -> Shaped[Array, "*batch m"]:
    """`A @ X`: `(..., k)` and `(k, m)` give `(..., m)`; `X` may have the leading axes of `A` too.

    Raises ValueError for `k` or leading axes that differ. Source: SPAIC.

    >>> mat_mult(jnp.ones((4, 3)), jnp.ones((3, 5))).shape
    (4, 5)
    """
    a = array("mat_mult", "A", A, 1, "(..., k)")
    return _product("mat_mult", a, array("mat_mult", "X", X, 2, "(k, m)"))


def bmm(A: Shaped[ArrayLike, "*batch n k"], X: Shaped[ArrayLike, "*batch k m"]) -> Shaped[Array, "*batch n m"]:
    """A matrix product for each member of a batch: `(..., n, k)` and `(..., k, m)` give `(..., n, m)`.

    Raises ValueError for `k` or leading axes that differ. Source: SPAIC.

    >>> bmm(jnp.ones((2, 4, 3)), jnp.ones((2, 3, 5))).shape
    (2, 4, 5)
    """
    a = array("bmm", "A", A, 3, "(batch, n, k)")
    return _product("bmm", a, array("bmm", "X", X, 3, "(batch, k, m)"))


def ger(A: Shaped[ArrayLike, "n"], X: Shaped[ArrayLike, "m"]) -> Shaped[Array, "n m"]:
    """The outer product of two vectors: `(n,)` and `(m,)` give `(n, m)`.

    Raises ValueError for other ranks; batches are `jax.vmap`'s. Source: SPAIC.

    >>> ger(jnp.array([1.0, 2.0]), jnp.array([3.0, 4.0])).tolist()
    [[3.0, 4.0], [6.0, 8.0]]
    """
    a, x = array("ger", "A", A), array("ger", "X", X)
    if a.ndim != 1 or x.ndim != 1:
        raise ValueError(f"ger got A of shape {a.shape} and X of shape {x.shape}, but needs two vectors.")
    a, x = cast("ger", mixed=False, A=a, X=x)
    return jnp.expand_dims(a, 1) * jnp.expand_dims(x, 0)


def mult_sum_weight(
    A: Shaped[ArrayLike, "*batch post pre"], X: Shaped[ArrayLike, "post pre"]
) -> Shaped[Array, "*batch post"]:
    """`sum(A * X, axis=-1)`: delayed spikes `(..., post, pre)` and a weight `(post, pre)` give `(..., post)`.

    Raises ValueError unless the last two axes are equal. Source: SPAIC.

    >>> mult_sum_weight(jnp.ones((2, 5, 3)), jnp.ones((5, 3))).shape
    (2, 5)
    """
    a = array("mult_sum_weight", "A", A, 2, "(..., post, pre)")
    x = array("mult_sum_weight", "X", X)
    if a.shape[-2:] != x.shape:
        raise ValueError(
            f"mult_sum_weight got A of shape {a.shape} and X of shape {x.shape}, "
            "but needs (..., post, pre) and (post, pre)."
        )
    a, x = cast("mult_sum_weight", mixed=False, A=a, X=x)
    return jnp.sum(a * jnp.broadcast_to(x, a.shape), axis=-1)


def mat_linear(
    A: Shaped[ArrayLike, "*batch k"], X: Shaped[ArrayLike, "*some k m"], b: Shaped[ArrayLike, "..."]
) -> Shaped[Array, "*batch m"]:
    """`A @ X + b`: `(..., k)`, `(k, m)` and what broadcasts to `(..., m)`.

    Raises ValueError for `k` that differ or a `b` that would enlarge the product. Source: SPAIC.

    >>> mat_linear(jnp.ones((4, 3)), jnp.ones((3, 5)), jnp.ones(5)).shape
    (4, 5)
    """
    a = array("mat_linear", "A", A, 1, "(..., k)")
    product = _product("mat_linear", a, array("mat_linear", "X", X, 2, "(k, m)"))
    bias = fitted("mat_linear", "b", array("mat_linear", "b", b), product.shape)
    product, bias = cast("mat_linear", mixed=False, product=product, b=bias)
    return product + bias


def weight_norm(weight: Shaped[ArrayLike, "post *rest"], amp: ArrayLike) -> Shaped[Array, "post *rest"]:
    """`amp * weight / norm`, with the Euclidean norm over axis 1.

    Args:
        weight: `(post, pre, ...)`.
        amp: the length of each row after it; what broadcasts to `weight`, such as `(post, 1)`.

    Raises ValueError for fewer than two axes or an `amp` that would enlarge the weight.
    Source: SPAIC, where a row of zeros becomes NaN; here it stays zero.

    >>> weight_norm(jnp.array([[3.0, 4.0], [0.0, 0.0]]), 10.0).tolist()
    [[6.0, 8.0], [0.0, 0.0]]
    """
    w = array("weight_norm", "weight", weight, 2, "(post, pre, ...)")
    if not jnp.issubdtype(w.dtype, jnp.floating):
        raise TypeError(
            f"weight_norm got weight of dtype {w.dtype}, "
            "but needs a real floating dtype such as float32."
        )
    length = fitted("weight_norm", "amp", array("weight_norm", "amp", amp), w.shape)
    w, length = cast("weight_norm", mixed=False, weight=w, amp=length)
    square = jnp.sum(w * w, axis=1, keepdims=True)
    # The root of a harmless number, so that a row of zeros has a finite gradient too.
    norm = jnp.sqrt(jnp.where(square > 0, square, jnp.ones_like(square)))
    return w * length / jnp.broadcast_to(norm, w.shape)
