"""Arithmetic, element by element: operands broadcast as in NumPy."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from spaic_jax._shapes import Array, Inexact, Shaped
from spaic_jax.ops._check import array, broadcast, cast, fitted, known, real


def _unary(op: str, function: Callable[[jax.Array], jax.Array], x: ArrayLike) -> jax.Array:
    """A function of floats: bool and integer are cast to the default floating dtype first, as in NumPy."""
    value = array(op, "x", x)
    if not jnp.issubdtype(value.dtype, jnp.inexact):
        value = value.astype(jnp.result_type(float))
    return function(value)


def _binary(op: str, function: Callable[..., jax.Array], **operands: ArrayLike) -> jax.Array:
    return function(*broadcast(op, **{name: array(op, name, value) for name, value in operands.items()}))


def add(x: ArrayLike, y: ArrayLike) -> Shaped[Array, "..."]:
    """`x + y`.

    Source: SPAIC. Raises ValueError for shapes that do not broadcast together, as do all binary ops here.

    >>> add(jnp.array([1.0, 2.0]), 3.0).tolist()
    [4.0, 5.0]
    """
    return _binary("add", jnp.add, x=x, y=y)


def minus(x: ArrayLike, y: ArrayLike) -> Shaped[Array, "..."]:
    """`x - y`. Source: SPAIC.

    >>> minus(jnp.array([1.0, 2.0]), 3.0).tolist()
    [-2.0, -1.0]
    """
    return _binary("minus", jnp.subtract, x=x, y=y)


def div(x: ArrayLike, y: ArrayLike) -> Inexact[Array, "..."]:
    """`x / y`, of floating dtype also for integers. Source: SPAIC.

    >>> div(jnp.array([1, 3]), 2).tolist()
    [0.5, 1.5]
    """
    return _binary("div", jnp.true_divide, x=x, y=y)


def var_mult(A: ArrayLike, X: ArrayLike) -> Shaped[Array, "..."]:
    """`A * X`, element by element. Source: SPAIC.

    >>> var_mult(jnp.array([1.0, 2.0]), 3.0).tolist()
    [3.0, 6.0]
    """
    return _binary("var_mult", jnp.multiply, A=A, X=X)


def var_linear(A: ArrayLike, X: ArrayLike, b: ArrayLike) -> Shaped[Array, "..."]:
    """`A * X + b`, element by element. Source: SPAIC.

    >>> var_linear(0.5, jnp.array([1.0, 2.0]), 1.0).tolist()
    [1.5, 2.0]
    """
    return _binary("var_linear", lambda A, X, b: A * X + b, A=A, X=X, b=b)


def relu(x: Shaped[ArrayLike, "*shape"]) -> Shaped[Array, "*shape"]:
    """`max(x, 0)`, with derivative 0 at 0. Source: SPAIC. Raises TypeError for complex numbers.

    >>> relu(jnp.array([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """
    return jax.nn.relu(real("relu", "x", array("relu", "x", x)))


def sigmoid(x: Shaped[ArrayLike, "*shape"]) -> Inexact[Array, "*shape"]:
    """`1 / (1 + exp(-x))`. Source: SPAIC, which leaves it out of its table, so that no model can name it.

    >>> sigmoid(jnp.array([0.0])).tolist()
    [0.5]
    """
    return _unary("sigmoid", jax.nn.sigmoid, x)


def exp(x: Shaped[ArrayLike, "*shape"]) -> Inexact[Array, "*shape"]:
    """`e ** x`. Source: SPAIC.

    >>> exp(jnp.array([0.0])).tolist()
    [1.0]
    """
    return _unary("exp", jnp.exp, x)


def sin(x: Shaped[ArrayLike, "*shape"]) -> Inexact[Array, "*shape"]:
    """Sine of `x` in radians. Source: SPAIC.

    >>> sin(jnp.array([0.0])).tolist()
    [0.0]
    """
    return _unary("sin", jnp.sin, x)


def cos(x: Shaped[ArrayLike, "*shape"]) -> Inexact[Array, "*shape"]:
    """Cosine of `x` in radians. Source: SPAIC.

    >>> cos(jnp.array([0.0])).tolist()
    [1.0]
    """
    return _unary("cos", jnp.cos, x)


def tan(x: Shaped[ArrayLike, "*shape"]) -> Inexact[Array, "*shape"]:
    """Tangent of `x` in radians. Source: SPAIC.

    >>> tan(jnp.array([0.0])).tolist()
    [0.0]
    """
    return _unary("tan", jnp.tan, x)


def log(x: Shaped[ArrayLike, "*shape"]) -> Inexact[Array, "*shape"]:
    """Natural logarithm of `x`. Source: SPAIC.

    >>> log(jnp.array([1.0])).tolist()
    [0.0]
    """
    return _unary("log", jnp.log, x)


def log2(x: Shaped[ArrayLike, "*shape"]) -> Inexact[Array, "*shape"]:
    """Logarithm of `x` to base 2. Source: SPAIC.

    >>> log2(jnp.array([8.0])).tolist()
    [3.0]
    """
    return _unary("log2", jnp.log2, x)


def log10(x: Shaped[ArrayLike, "*shape"]) -> Inexact[Array, "*shape"]:
    """Logarithm of `x` to base 10. Source: SPAIC.

    >>> round(float(log10(jnp.array(100.0))), 5)
    2.0
    """
    return _unary("log10", jnp.log10, x)


def _clamp(op: str, data: ArrayLike, low: ArrayLike | None, high: ArrayLike | None) -> jax.Array:
    x = real(op, "data", array(op, "data", data))
    # Comparisons rather than minimum and maximum: at a bound, the derivative is then 1 rather than 1/2.
    if high is not None:
        bound, value = _bound(op, "max", x, high)
        x = jnp.where(value > bound, bound, value)
    if low is not None:
        bound, value = _bound(op, "min", x, low)
        x = jnp.where(value < bound, bound, value)
    return x


def _bound(op: str, name: str, x: jax.Array, value: ArrayLike) -> list[jax.Array]:
    bound = fitted(op, name, real(op, name, array(op, name, value)), x.shape)
    return cast(op, bound=bound, data=x)


def clamp_(data: Shaped[ArrayLike, "*shape"], min: ArrayLike, max: ArrayLike) -> Shaped[Array, "*shape"]:
    """`data` with every element brought within `min` and `max`.

    Source: SPAIC, where it changes `data` and returns None; here the value is returned.
    Raises ValueError if `min` exceeds `max` where both are known while tracing.

    >>> clamp_(jnp.array([-2.0, 0.5, 2.0]), -1.0, 1.0).tolist()
    [-1.0, 0.5, 1.0]
    """
    low, high = known(min), known(max)
    if low is not None and high is not None and (low > high).any():
        raise ValueError(f"clamp_ got min={min} and max={max}, but needs min to be at most max.")
    return _clamp("clamp_", data, min, max)


def clamp_max_(data: Shaped[ArrayLike, "*shape"], max: ArrayLike) -> Shaped[Array, "*shape"]:
    """`data` with every element brought down to `max` at most.

    Source: SPAIC, where it changes `data` and returns None; here the value is returned.

    >>> clamp_max_(jnp.array([-2.0, 2.0]), 1.0).tolist()
    [-2.0, 1.0]
    """
    return _clamp("clamp_max_", data, None, max)


def clamp_min_(data: Shaped[ArrayLike, "*shape"], min: ArrayLike) -> Shaped[Array, "*shape"]:
    """`data` with every element brought up to `min` at least.

    Source: SPAIC, where it changes `data` and returns None; here the value is returned.

    >>> clamp_min_(jnp.array([-2.0, 2.0]), -1.0).tolist()
    [-1.0, 2.0]
    """
    return _clamp("clamp_min_", data, min, None)
