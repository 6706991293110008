"""Pooling and unfolding of maps `(..., C, H, W)`; windows over the edge hold padding."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from spaic_jax._shapes import Array, Shaped
from spaic_jax.ops._check import array, inexact, integer, integers, number, real
from spaic_jax.ops._convolution import Sizes, conv_2d, window_sizes


def _geometry(
    op: str, x: jax.Array, pool_kernel: Sizes, pool_stride: Sizes, pool_padding: Sizes
) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Window, stride, padding and the number of windows along height and width."""
    kernel = integers(op, "pool_kernel", pool_kernel, 2, 1)
    stride = integers(op, "pool_stride", pool_stride, 2, 1)
    padding = integers(op, "pool_padding", pool_padding, 2, 0)
    if any(2 * p > k for p, k in zip(padding, kernel, strict=True)):
        raise ValueError(f"{op} got pool_padding={padding}, but needs at most half of pool_kernel {kernel}.")
    return kernel, stride, padding, window_sizes(op, x.shape[-2:], kernel, stride, padding, (1, 1))


def _reduce_window(
    x: jax.Array, start: Any, function: Any, kernel: Sequence[int], stride: Sequence[int],
    padding: Sequence[int],
) -> jax.Array:
    ones = (1,) * (x.ndim - 2)
    edges = [(0, 0)] * len(ones) + [(p, p) for p in padding]
    return jax.lax.reduce_window(x, start, function, (*ones, *kernel), (*ones, *stride), edges)


def max_pool2d(
    x: Shaped[ArrayLike, "*batch channels height width"], pool_kernel: Sizes, pool_stride: Sizes,
    pool_padding: Sizes = 0,
) -> Shaped[Array, "*batch channels rows columns"]:
    """The maximum of each window; the gradient goes to the first of equal maxima. Padding never wins.

    Args:
        x: `(..., C, H, W)`, of a real dtype.
        pool_kernel: height and width of a window, or one integer for both, as below.
        pool_stride: distance between windows.
        pool_padding: at most half of a window.

    Raises:
        ValueError: settings that do not fit; a map smaller than a window.
        TypeError: complex numbers, which have no maximum.

    Source: SPAIC.

    >>> max_pool2d(jnp.arange(4.0).reshape(1, 2, 2), 2, 2).tolist()
    [[[3.0]]]
    """
    op = "max_pool2d"
    value = real(op, "x", array(op, "x", x, 3, "(..., C, H, W)"))
    kernel, stride, padding, _ = _geometry(op, value, pool_kernel, pool_stride, pool_padding)
    least: Any = False if value.dtype == jnp.bool_ else -np.inf
    if jnp.issubdtype(value.dtype, jnp.integer):
        least = jnp.iinfo(value.dtype).min
    return _reduce_window(value, np.asarray(least, value.dtype), jax.lax.max, kernel, stride, padding)


def avg_pool2d(
    x: Shaped[ArrayLike, "*batch channels height width"], pool_kernel: Sizes, pool_stride: Sizes,
    pool_padding: Sizes = 0,
) -> Shaped[Array, "*batch channels rows columns"]:
    """The mean of each window, where padding counts as zeros. Arguments and errors are those of `max_pool2d`.

    Raises TypeError for whole numbers too: their mean is none. Source: SPAIC.

    >>> avg_pool2d(jnp.arange(4.0).reshape(1, 2, 2), 2, 2).tolist()
    [[[1.5]]]
    """
    sums, kernel = _sums("avg_pool2d", x, pool_kernel, pool_stride, pool_padding)
    return sums / math.prod(kernel)


def sum_pool2d(
    x: Shaped[ArrayLike, "*batch channels height width"], pool_kernel: Sizes, pool_stride: Sizes,
    pool_padding: Sizes = 0,
) -> Shaped[Array, "*batch channels rows columns"]:
    """The sum of each window, where padding counts as zeros. Arguments and errors are those of `avg_pool2d`. SPAIC has no such op.

    >>> sum_pool2d(jnp.arange(4.0).reshape(1, 2, 2), 2, 2).tolist()
    [[[6.0]]]
    """
    return _sums("sum_pool2d", x, pool_kernel, pool_stride, pool_padding)[0]


def _sums(
    op: str, x: ArrayLike, pool_kernel: Sizes, pool_stride: Sizes, pool_padding: Sizes
) -> tuple[jax.Array, tuple[int, ...]]:
    """The sum of each window, and the size of a window."""
    value = inexact(op, "x", array(op, "x", x, 3, "(..., C, H, W)"))
    kernel, stride, padding, _ = _geometry(op, value, pool_kernel, pool_stride, pool_padding)
    return _reduce_window(value, np.zeros((), value.dtype), jax.lax.add, kernel, stride, padding), kernel


def _windows(x: jax.Array, places: Sequence[np.ndarray]) -> jax.Array:
    """`(..., C, H, W)` as `(..., C, kh, kw, rows, columns)`, by the lines each window holds."""
    rows, columns = places
    taken = jnp.take(jnp.take(x, rows, axis=-2, mode="clip"), columns, axis=-1, mode="clip")
    return jnp.swapaxes(taken, -3, -2)


def _places(kernel: Sequence[int], stride: Sequence[int], counts: Sequence[int]) -> list[np.ndarray]:
    """For height and width, which line of the padded map is number `k` of window `i`: `[k, i]`."""
    return [
        np.arange(k)[:, None] + s * np.arange(n)[None, :]
        for k, s, n in zip(kernel, stride, counts, strict=True)
    ]


def post_max_pool2d_complex(
    x: Shaped[ArrayLike, "*batch channels height width"], pool_kernel: Sizes, pool_stride: Sizes,
    pool_padding: Sizes = 0,
) -> Shaped[Array, "*batch channels rows columns"]:
    """The element of each window whose imaginary part is greatest, the first of them if several are.

    Arguments and errors are those of `max_pool2d`; raises TypeError for real numbers. Source: SPAIC.

    >>> post_max_pool2d_complex(jnp.array([[[9 + 1j, 2 + 3j], [7 + 2j, 8 + 0j]]]), 2, 2).tolist()
    [[[(2+3j)]]]
    """
    op = "post_max_pool2d_complex"
    value = array(op, "x", x, 3, "(..., C, H, W)")
    if not jnp.iscomplexobj(value):
        raise TypeError(f"{op} got x of dtype {value.dtype}, but needs a complex dtype.")
    kernel, stride, padding, counts = _geometry(op, value, pool_kernel, pool_stride, pool_padding)
    # A place in the padding becomes the nearest one on the map: as padding is at most half of a window, that
    # lies in the same window, so the maximum stays what it is.
    places = [
        np.clip(place - p, 0, n - 1)
        for place, p, n in zip(_places(kernel, stride, counts), padding, value.shape[-2:], strict=True)
    ]
    windows = _windows(value, places)
    flat = jnp.reshape(windows, (*windows.shape[:-4], math.prod(kernel), *counts))
    first = jnp.argmax(flat.imag, axis=-3, keepdims=True)
    return jnp.squeeze(jnp.take_along_axis(flat, first, axis=-3), -3)


def conv_max_pool2d(
    x: Shaped[ArrayLike, "*batch channels height width"], kernel: Shaped[ArrayLike, "out inputs kh kw"],
    pool_kernel: Sizes, stride: Sizes, pool_stride: Sizes, padding: Sizes, pool_padding: Sizes, dilation: Sizes,
    groups: int,
) -> Shaped[Array, "*batch out rows columns"]:
    """`max_pool2d(conv_2d(x, kernel))`; mind the order of the arguments. Source: SPAIC.

    >>> conv_max_pool2d(jnp.ones((2, 3, 8, 8)), jnp.ones((4, 3, 3, 3)), 2, 1, 2, 1, 0, 1, 1).shape
    (2, 4, 4, 4)
    """
    maps = conv_2d(x, kernel, stride, padding, dilation, groups)
    return max_pool2d(maps, pool_kernel, pool_stride, pool_padding)


def conv_avg_pool2d(
    x: Shaped[ArrayLike, "*batch channels height width"], kernel: Shaped[ArrayLike, "out inputs kh kw"],
    pool_kernel: Sizes, stride: Sizes, pool_stride: Sizes, padding: Sizes, pool_padding: Sizes, dilation: Sizes,
    groups: int,
) -> Shaped[Array, "*batch out rows columns"]:
    """`avg_pool2d(conv_2d(x, kernel))`; mind the order of the arguments. Source: SPAIC.

    >>> conv_avg_pool2d(jnp.ones((2, 3, 8, 8)), jnp.ones((4, 3, 3, 3)), 2, 1, 2, 1, 0, 1, 1).shape
    (2, 4, 4, 4)
    """
    maps = conv_2d(x, kernel, stride, padding, dilation, groups)
    return avg_pool2d(maps, pool_kernel, pool_stride, pool_padding)


def im2col_indices(
    x: Shaped[ArrayLike, "*batch channels height width"], kh: int, kw: int, padding: Sizes, stride: Sizes
) -> Shaped[Array, "*batch rows windows"]:
    """The windows of maps as columns: `(..., C, H, W)` gives `(..., C * kh * kw, windows)`.

    Rows are ordered by channel, then row, then column of the window; windows row by row.

    Raises:
        ValueError: settings that do not fit; a map smaller than a window.

    Source: SPAIC, whose documentation wrongly asks for channels last.

    >>> im2col_indices(jnp.arange(4.0).reshape(1, 2, 2), 1, 2, 0, 1).tolist()
    [[0.0, 2.0], [1.0, 3.0]]
    """
    op = "im2col_indices"
    value = array(op, "x", x, 3, "(..., C, H, W)")
    kernel = (integer(op, "kh", kh, 1), integer(op, "kw", kw, 1))
    padding, stride = integers(op, "padding", padding, 2, 0), integers(op, "stride", stride, 2, 1)
    counts = window_sizes(op, value.shape[-2:], kernel, stride, padding, (1, 1))
    padded = jnp.pad(value, [(0, 0)] * (value.ndim - 2) + [(p, p) for p in padding])
    windows = _windows(padded, _places(kernel, stride, counts))
    return jnp.reshape(windows, (*value.shape[:-3], value.shape[-3] * math.prod(kernel), math.prod(counts)))


def upsample(
    x: Shaped[ArrayLike, "*batch channels height width"], scale: float | Sequence[float]
) -> Shaped[Array, "*batch channels rows columns"]:
    """Maps made larger by a factor: each new place `i` takes the value of the place `floor(i / scale)`.

    The division is that of the decimal numbers as they are written: with a factor of 2.2, place 33 takes place 15, where
    33 / 2.2 in floating point is a little less than 15. A new axis has `floor(size * scale)` places, as PyTorch counts.

    Args:
        x: `(..., C, H, W)`.
        scale: factor, or one each for height and width.

    Raises:
        ValueError: a factor that is not positive, or leaves nothing.

    Source: SPAIC.

    >>> upsample(jnp.array([[[1.0, 2.0]]]), 2).tolist()
    [[[1.0, 1.0, 2.0, 2.0], [1.0, 1.0, 2.0, 2.0]]]
    """
    value = array("upsample", "x", x, 3, "(..., C, H, W)")
    given = tuple(scale) if isinstance(scale, Sequence) else (scale, scale)
    factors = [number("upsample", "scale", factor) for factor in given]
    sizes = [math.floor(n * f) for n, f in zip(value.shape[-2:], factors, strict=False)]
    if len(factors) != 2 or min(factors) <= 0 or min(sizes) < 1:
        raise ValueError(
            f"upsample got scale={scale} for x of shape {value.shape}, "
            "but needs factors that leave at least 1 x 1."
        )
    for dim, (size, factor) in enumerate(zip(sizes, factors, strict=True), start=-2):
        exact = Fraction(repr(factor))
        source = np.array([i * exact.denominator // exact.numerator for i in range(size)])
        value = jnp.take(value, np.minimum(source, value.shape[dim] - 1), axis=dim, mode="clip")
    return value
