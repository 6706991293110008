"""Fixed-point arithmetic of digital neuromorphic chips, on numbers held as floats or integers.

All is computed in float32 (float64 for a float64 `x`) and returned in the dtype of `x`. Whole numbers below
`2**24` are exact; a result is brought within `-(2**(num_bits - 1) - 1) ... 2**(num_bits - 1) - 1` and what
its dtype holds. Shifts and multipliers broadcast as in NumPy.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from spaic_jax._shapes import Array, Shaped
from spaic_jax.ops._check import array, broadcast, integer, real

#: How far SPAIC moves a product from zero before it rounds: halves are rounded away from zero.
NUDGE = 1e-5


def _operands(op: str, **given: ArrayLike) -> tuple[jnp.dtype, list[jax.Array]]:
    """The dtype of the result (that of the first operand), and the operands as floats of one shape."""
    arrays = {name: real(op, name, array(op, name, value)) for name, value in given.items()}
    result = next(iter(arrays.values())).dtype
    working = jnp.float64 if result == jnp.float64 else jnp.float32
    return result, broadcast(op, **{name: x.astype(working) for name, x in arrays.items()})


def _bounded(op: str, x: jax.Array, num_bits: int, result: jnp.dtype) -> jax.Array:
    high = 2.0 ** (integer(op, "num_bits", num_bits, 2) - 1) - 1
    low = -high
    if jnp.issubdtype(result, jnp.integer):
        limits = jnp.iinfo(result)
        low, high = max(low, float(limits.min)), min(high, float(limits.max))
    return jnp.clip(x, low, high).astype(result)


def _times_power(x: jax.Array, shift: jax.Array) -> jax.Array:
    """`x * 2 ** shift`, exact for whole shifts, where `exp2` is not."""
    whole = jnp.floor(shift)
    return jnp.ldexp(x * jnp.exp2(shift - whole), whole.astype(jnp.int32))


def _rounded_product(x: jax.Array, m: jax.Array) -> jax.Array:
    """`x * m` to the nearest whole number, halves away from zero, as if the product were exact."""
    product = x * m
    nudge = jnp.where(product > 0, NUDGE, -NUDGE).astype(x.dtype)
    if x.dtype == jnp.float64:
        return jnp.round(product + nudge)
    # A product of two float32 numbers has up to 48 bits. Split in halves of 12 bits, the four partial
    # products are exact, and so are their whole and fractional parts.
    partial = [a * b for a in _halves(x) for b in _halves(m)]
    whole = sum(jnp.floor(p) for p in partial)
    rest = sum(p - jnp.floor(p) for p in partial)
    return jnp.where(jnp.isfinite(product), whole + jnp.round(rest + nudge), product)


def _halves(x: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Two float32 numbers of 12 significant bits each, whose sum is `x`."""
    bits = jax.lax.bitcast_convert_type(x, jnp.int32)
    high = jax.lax.bitcast_convert_type(bits & jnp.full_like(bits, -(1 << 12)), jnp.float32)
    return high, x - high


def bit_and(x: ArrayLike, mask: ArrayLike) -> Shaped[Array, "..."]:
    """The bits that `x` and `mask`, cut to int32, have in common, in the dtype of `x`.

    Source: SPAIC, which always returns float32.

    >>> bit_and(jnp.array([5.0, 12.7]), jnp.array([3.0, 10.0])).tolist()
    [1.0, 8.0]
    """
    value, other = (real("bit_and", n, array("bit_and", n, v)) for n, v in (("x", x), ("mask", mask)))
    left, right = broadcast("bit_and", x=value.astype(jnp.int32), mask=other.astype(jnp.int32))
    return (left & right).astype(value.dtype)


def quant_clamp(x: Shaped[ArrayLike, "*shape"], num_bits: int = 8) -> Shaped[Array, "*shape"]:
    """`x` rounded to whole numbers, halves to the even one, and clamped.

    Source: SPAIC, which rounds the caller's `x` in place; here it is left alone.

    >>> quant_clamp(jnp.array([0.5, 1.5, 300.0])).tolist()
    [0.0, 2.0, 127.0]
    """
    result, (value,) = _operands("quant_clamp", x=x)
    return _bounded("quant_clamp", jnp.round(value), num_bits, result)


def rescale(x: ArrayLike, n: ArrayLike, m: ArrayLike | None = None, num_bits: int = 16) -> Shaped[Array, "..."]:
    """`x * m * 2 ** -n` to the nearest whole number, halves away from zero, clamped; `m` is 1 if not given.

    Source: SPAIC, which computes in float64; here the product is split where needed, and the result is the
    same.

    >>> rescale(jnp.array([100.0, 7.0, -3.0]), 1.0).tolist()
    [50.0, 4.0, -2.0]
    """
    result, (value, shift, factor) = _operands("rescale", x=x, n=n, m=1.0 if m is None else m)
    return _bounded("rescale", _rounded_product(value, _times_power(factor, -shift)), num_bits, result)


def lshift_with_clamp(x: ArrayLike, shift: ArrayLike, num_bits: int = 16) -> Shaped[Array, "..."]:
    """`x * 2 ** shift`, clamped. Source: SPAIC.

    >>> lshift_with_clamp(jnp.array([1.0, 40000.0]), 2.0).tolist()
    [4.0, 32767.0]
    """
    result, (value, power) = _operands("lshift_with_clamp", x=x, shift=shift)
    return _bounded("lshift_with_clamp", _times_power(value, power), num_bits, result)


def lshift_with_rescale(
    x: ArrayLike, shift: ArrayLike, n: ArrayLike, m: ArrayLike | None = None, num_bits: int = 16
) -> Shaped[Array, "..."]:
    """`x * m * 2 ** (shift - n)`, rounded and clamped as by `rescale`. Source: SPAIC.

    >>> lshift_with_rescale(jnp.array([10.0, 7.0]), 1.0, 3.0).tolist()
    [3.0, 2.0]
    """
    op = "lshift_with_rescale"
    result, (value, power, down, factor) = _operands(op, x=x, shift=shift, n=n, m=1.0 if m is None else m)
    return _bounded(op, _rounded_product(value, _times_power(factor, power - down)), num_bits, result)


def add_with_clamp(x: ArrayLike, y: ArrayLike, num_bits: int = 16) -> Shaped[Array, "..."]:
    """`x + y`, clamped. Source: SPAIC.

    >>> add_with_clamp(jnp.array([32000.0]), jnp.array([1000.0])).tolist()
    [32767.0]
    """
    result, (left, right) = _operands("add_with_clamp", x=x, y=y)
    return _bounded("add_with_clamp", left + right, num_bits, result)
