"""Initial weights: new arrays of the shape and dtype of `data`, drawn from an explicit key.

`data` is any array or `jax.ShapeDtypeStruct`; its values are not read. The fans of `xavier_*` and `kaiming_*`
are those of a weight `(post, pre)` or a kernel `(out, in, kh, kw)`: `fan_in` is the product of all axes but
the first, `fan_out` that of all but the second. SPAIC fills `data` in place and knows no key.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import DTypeLike

from spaic_jax.ops._check import number


def _target(op: str, data: Any, least: int = 0) -> tuple[tuple[int, ...], np.dtype]:
    """The shape and dtype to draw."""
    if not hasattr(data, "shape") or not hasattr(data, "dtype"):
        raise TypeError(f"{op} got data={data!r}, but needs an array or a jax.ShapeDtypeStruct.")
    shape, dtype = tuple(data.shape), jax.dtypes.canonicalize_dtype(data.dtype)
    if not jnp.issubdtype(dtype, jnp.floating):
        raise TypeError(f"{op} got data of dtype {dtype}, but needs a real floating dtype such as float32.")
    if len(shape) < least:
        raise ValueError(
            f"{op} got data of shape {shape}, "
            f"but needs at least {least} axes: (post, pre, ...)."
        )
    return shape, dtype


def _uniform(key: jax.Array, shape: tuple[int, ...], dtype: DTypeLike, a: float, b: float) -> jax.Array:
    return jax.random.uniform(key, shape, dtype, a, b)


def _normal(key: jax.Array, shape: tuple[int, ...], dtype: DTypeLike, mean: float, std: float) -> jax.Array:
    return mean + std * jax.random.normal(key, shape, dtype)


def _fans(shape: tuple[int, ...]) -> tuple[int, int]:
    field = math.prod(shape[2:])
    # An axis of size 0 leaves nothing to draw; 1 keeps the division below harmless.
    return max(1, shape[1] * field), max(1, shape[0] * field)


def uniform(key: jax.Array, data: Any, a: float = 0.0, b: float = 1.0) -> jax.Array:
    """Uniform between `a` (included) and `b` (excluded).

    Raises ValueError for `a` above `b`; as all here, TypeError for a `data` without shape or floating dtype.
    Source: SPAIC.

    >>> uniform(jax.random.key(0), jnp.zeros((2, 3)), -1.0, 1.0).shape
    (2, 3)
    """
    shape, dtype = _target("uniform", data)
    low, high = number("uniform", "a", a), number("uniform", "b", b)
    if low > high:
        raise ValueError(f"uniform got a={a} and b={b}, but needs a to be at most b.")
    return _uniform(key, shape, dtype, low, high)


def normal(key: jax.Array, data: Any, mean: float = 0.0, std: float = 1.0) -> jax.Array:
    """Gaussian of mean `mean` and standard deviation `std`.

    Raises ValueError for a negative `std`. Source: SPAIC.

    >>> normal(jax.random.key(0), jnp.zeros((2, 3))).shape
    (2, 3)
    """
    shape, dtype = _target("normal", data)
    return _normal(key, shape, dtype, number("normal", "mean", mean), number("normal", "std", std, 0.0))


def xavier_uniform(key: jax.Array, data: Any, gain: float = 1.0) -> jax.Array:
    """Uniform within `gain * sqrt(6 / (fan_in + fan_out))` of zero.

    Raises ValueError for fewer than two axes. Source: SPAIC; Glorot and Bengio, AISTATS 2010.

    >>> xavier_uniform(jax.random.key(0), jnp.zeros((2, 3))).shape
    (2, 3)
    """
    shape, dtype = _target("xavier_uniform", data, 2)
    bound = number("xavier_uniform", "gain", gain, 0.0) * math.sqrt(6 / sum(_fans(shape)))
    return _uniform(key, shape, dtype, -bound, bound)


def xavier_normal(key: jax.Array, data: Any, gain: float = 1.0) -> jax.Array:
    """Gaussian of standard deviation `gain * sqrt(2 / (fan_in + fan_out))`.

    Raises ValueError for fewer than two axes.
    Source: SPAIC, whose table misspells it, so that it cannot be named; Glorot and Bengio, AISTATS 2010.

    >>> xavier_normal(jax.random.key(0), jnp.zeros((2, 3))).shape
    (2, 3)
    """
    shape, dtype = _target("xavier_normal", data, 2)
    std = number("xavier_normal", "gain", gain, 0.0) * math.sqrt(2 / sum(_fans(shape)))
    return _normal(key, shape, dtype, 0.0, std)


Mode = Literal["fan_in", "fan_out"]

#: Gains by the name of the function that follows the weight; `leaky_relu` depends on its slope.
_GAINS = {
    **dict.fromkeys(("linear", "conv1d", "conv2d", "conv3d"), 1.0),
    **dict.fromkeys(("conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "sigmoid"), 1.0),
    "tanh": 5 / 3, "relu": math.sqrt(2.0), "selu": 3 / 4,
}


def _kaiming_std(op: str, shape: tuple[int, ...], a: float, mode: str, nonlinearity: str) -> float:
    slope = number(op, "a", a)
    fan_in, fan_out = _fans(shape)
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"{op} got mode={mode!r}, but needs 'fan_in' or 'fan_out'.")
    gains = {**_GAINS, "leaky_relu": math.sqrt(2 / (1 + slope**2))}
    if nonlinearity not in gains:
        raise ValueError(
            f"{op} got nonlinearity={nonlinearity!r}, "
            f"but needs one of {', '.join(sorted(gains))}."
        )
    return gains[nonlinearity] / math.sqrt(fan_in if mode == "fan_in" else fan_out)


def kaiming_uniform(
    key: jax.Array, data: Any, a: float = 0.0, mode: Mode = "fan_in", nonlinearity: str = "leaky_relu"
) -> jax.Array:
    """Uniform within `gain * sqrt(3 / fan)` of zero; the gain of `leaky_relu` is `sqrt(2 / (1 + a**2))`.

    Raises ValueError for fewer than two axes, an unknown mode or nonlinearity.
    Source: SPAIC; He et al., ICCV 2015.

    >>> kaiming_uniform(jax.random.key(0), jnp.zeros((2, 3))).shape
    (2, 3)
    """
    shape, dtype = _target("kaiming_uniform", data, 2)
    bound = math.sqrt(3.0) * _kaiming_std("kaiming_uniform", shape, a, mode, nonlinearity)
    return _uniform(key, shape, dtype, -bound, bound)


def kaiming_normal(
    key: jax.Array, data: Any, a: float = 0.0, mode: Mode = "fan_in", nonlinearity: str = "leaky_relu"
) -> jax.Array:
    """Gaussian of standard deviation `gain / sqrt(fan)`, with the gain of `kaiming_uniform`, and its errors.

    Source: SPAIC; He et al., ICCV 2015.

    >>> kaiming_normal(jax.random.key(0), jnp.zeros((2, 3))).shape
    (2, 3)
    """
    shape, dtype = _target("kaiming_normal", data, 2)
    return _normal(key, shape, dtype, 0.0, _kaiming_std("kaiming_normal", shape, a, mode, nonlinearity))


def constant(key: jax.Array | None, data: Any, constant_value: float = 0.0) -> jax.Array:
    """`constant_value` everywhere. The key, which every initialiser takes, is not used. Source: SPAIC.

    >>> constant(None, jnp.zeros(2), 1.5).tolist()
    [1.5, 1.5]
    """
    shape, dtype = _target("constant", data)
    return jnp.full(shape, number("constant", "constant_value", constant_value), dtype)


def sparse(key: jax.Array, data: Any, sparsity: float = 0.1, std: float = 0.01) -> jax.Array:
    """Gaussian of standard deviation `std`, but zero at `ceil(sparsity * rows)` random rows of each column.

    Raises ValueError unless `data` has two axes and `sparsity` lies within 0 ... 1.
    Source: SPAIC; Martens, ICML 2010.

    >>> weight = sparse(jax.random.key(0), jnp.zeros((4, 3)), 0.5)
    >>> (weight == 0).sum(0).tolist()
    [2, 2, 2]
    """
    shape, dtype = _target("sparse", data, 2)
    if len(shape) != 2:
        raise ValueError(f"sparse got data of shape {shape}, but needs two axes: (post, pre).")
    share = number("sparse", "sparsity", sparsity)
    if not 0 <= share <= 1:
        raise ValueError(f"sparse got sparsity={sparsity}, but needs a share between 0 and 1.")
    place_key, value_key = jax.random.split(key)
    values = _normal(value_key, shape, dtype, 0.0, number("sparse", "std", std, 0.0))
    rows = jax.lax.broadcasted_iota(jnp.int32, shape, 0)
    order = jax.random.permutation(place_key, rows, axis=0, independent=True)
    return jnp.where(order < math.ceil(share * shape[0]), jnp.zeros_like(values), values)
