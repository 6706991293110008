"""Convolutions, plain and transposed; images are `(..., C, H, W)`, kernels `(out, in / groups, kh, kw)`."""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from spaic_jax._shapes import Array, Shaped
from spaic_jax._times import Convolve, convolve
from spaic_jax.ops._check import array, cast, integer, integers

#: One for all axes, or one for each.
Sizes = int | Sequence[int]

#: SPAIC's (PyTorch's) names of paddings, and NumPy's.
PADDING_MODES = {
    "constant": "constant", "zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"
}
_SPACE = {1: "L", 2: "H, W"}
_KERNEL = {1: "k", 2: "kh, kw"}


def window_sizes(
    op: str, sizes: Sequence[int], kernel: Sequence[int], stride: Sequence[int], padding: Sequence[int],
    dilation: Sequence[int],
) -> tuple[int, ...]:
    """How many places a window has along each axis; ValueError if it has none."""
    spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    room = [n + 2 * p - span for n, p, span in zip(sizes, padding, spans, strict=True)]
    if min(room) < 0:
        raise ValueError(
            f"{op} got a map of {tuple(sizes)}, "
            f"but needs at least {tuple(spans)} with its padding {tuple(padding)}."
        )
    return tuple(r // s + 1 for r, s in zip(room, stride, strict=True))


def _operands(
    op: str, x: ArrayLike, kernel: ArrayLike, groups: int, spatial: int, channels_axis: int
) -> tuple[jax.Array, jax.Array, int]:
    """Image and kernel of one dtype, and the number of groups, of which the channels hold whole ones."""
    groups = integer(op, "groups", groups, 1)
    image = array(op, "x", x, spatial + 1, f"(..., C, {_SPACE[spatial]})")
    order = "out, in / groups" if channels_axis else "in, out / groups"
    form = f"({order}, {_KERNEL[spatial]})"
    weight = array(op, "kernel", kernel, spatial + 2, form)
    if weight.ndim != spatial + 2 or 0 in weight.shape:
        raise ValueError(f"{op} got kernel of shape {weight.shape}, but needs {form}, none of them 0.")
    needed = weight.shape[1] * groups if channels_axis else weight.shape[0]
    if image.shape[-spatial - 1] != needed:
        raise ValueError(
            f"{op} got x of shape {image.shape} for a kernel of shape {weight.shape} in {groups} groups, "
            f"but needs {needed} channels."
        )
    if weight.shape[0] % groups:
        raise ValueError(
            f"{op} got groups={groups} for a kernel of shape {weight.shape}, "
            f"but needs a divisor of {weight.shape[0]}."
        )
    image, weight = cast(op, mixed=False, x=image, kernel=weight)
    if image.dtype == jnp.bool_:
        raise TypeError(f"{op} got x and kernel of dtype bool, but needs a dtype of numbers for one of them.")
    dtype = jnp.result_type(image, weight)
    return image.astype(dtype), weight.astype(dtype), groups


def add_bias(op: str, maps: jax.Array, bias: ArrayLike | None, spatial: int) -> jax.Array:
    """Maps with `bias[c]` added to channel `c`."""
    if bias is None:
        return maps
    offset = array(op, "bias", bias)
    if offset.shape != maps.shape[-spatial - 1 : -spatial]:
        raise ValueError(
            f"{op} got bias of shape {offset.shape}, "
            f"but needs {maps.shape[-spatial - 1 : -spatial]}, one a channel."
        )
    maps, offset = cast(op, mixed=False, x=maps, bias=offset)
    return maps + jnp.broadcast_to(jnp.reshape(offset, (-1,) + (1,) * spatial), maps.shape)


def correlated(
    op: str, x: ArrayLike, kernel: ArrayLike, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int,
    bias: ArrayLike | None, padding_mode: str = "constant", spatial: int = 2, convolve: Convolve = convolve,
) -> jax.Array:
    """The convolution that the ops of this family name, with its checks."""
    stride = integers(op, "stride", stride, spatial, 1)
    dilation = integers(op, "dilation", dilation, spatial, 1)
    padding = integers(op, "padding", padding, spatial, 0)
    image, weight, groups = _operands(op, x, kernel, groups, spatial, 1)
    window_sizes(op, image.shape[-spatial:], weight.shape[2:], stride, padding, dilation)
    if padding_mode not in PADDING_MODES:
        raise ValueError(
            f"{op} got padding_mode={padding_mode!r}, "
            f"but needs one of {', '.join(PADDING_MODES)}."
        )
    mode = PADDING_MODES[padding_mode]
    if mode != "constant":
        largest = min(image.shape[-spatial:]) - (mode == "reflect")
        if max(padding) > largest:
            raise ValueError(
                f"{op} got padding={padding} for x of shape {image.shape}, "
                f"but needs at most {largest} to {padding_mode}."
            )
        lead = [(0, 0)] * (image.ndim - spatial)
        image = jnp.pad(image, lead + [(p, p) for p in padding], mode=mode)
        padding = (0,) * spatial
    out = convolve(image, weight, stride=stride, padding=padding, dilation=dilation, groups=groups)
    return add_bias(op, out, bias, spatial)


def _convolve_transposed(
    op: str, x: ArrayLike, kernel: ArrayLike, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int,
    bias: ArrayLike | None, spatial: int,
) -> jax.Array:
    stride = integers(op, "stride", stride, spatial, 1)
    dilation = integers(op, "dilation", dilation, spatial, 1)
    padding = integers(op, "padding", padding, spatial, 0)
    image, weight, groups = _operands(op, x, kernel, groups, spatial, 0)
    edges = [d * (k - 1) - p for k, d, p in zip(weight.shape[2:], dilation, padding, strict=True)]
    sizes = [(n - 1) * s + 1 + 2 * e - d * (k - 1) for n, s, e, d, k in
             zip(image.shape[-spatial:], stride, edges, dilation, weight.shape[2:], strict=True)]
    if min(sizes) < 1 or 0 in image.shape[-spatial:]:
        raise ValueError(
            f"{op} got x of shape {image.shape} with padding {padding}, "
            "but needs less padding: nothing is left."
        )
    # A transposed convolution is the convolution of the stretched image with the turned kernel.
    inputs, outputs = weight.shape[0] // groups, weight.shape[1]
    weight = jnp.reshape(weight, (groups, inputs, *weight.shape[1:])).swapaxes(1, 2)
    weight = jnp.reshape(weight, (groups * outputs, inputs, *weight.shape[3:]))
    weight = jnp.flip(weight, tuple(range(2, 2 + spatial)))
    out = convolve(
        image, weight, stride=(1,) * spatial, padding=edges, dilation=dilation, groups=groups, stretch=stride
    )
    return add_bias(op, out, bias, spatial)


def conv1d(
    x: Shaped[ArrayLike, "*batch channels length"], kernel: Shaped[ArrayLike, "out inputs k"],
    bias: Shaped[ArrayLike, "out"] | None = None, stride: int = 1, padding: int = 0, dilation: int = 1, groups: int = 1,
) -> Shaped[Array, "*batch out places"]:
    """Correlation along a line.

        y[o, i] = bias[o] + sum_{c,k} kernel[o, c, k] x[c, stride * i + dilation * k - padding]

    `x` is `(..., C, L)`, `kernel` `(out, C / groups, k)`. Errors are those of `conv_2d`.
    Source: SPAIC, which has neither bias nor settings here.

    >>> conv1d(jnp.ones((2, 3, 8)), jnp.ones((4, 3, 3))).shape
    (2, 4, 6)
    """
    return correlated("conv1d", x, kernel, stride, padding, dilation, groups, bias, spatial=1)


def conv_trans1d(
    x: Shaped[ArrayLike, "*batch channels length"], kernel: Shaped[ArrayLike, "channels outputs k"],
    bias: ArrayLike | None = None, stride: int = 1, padding: int = 0, dilation: int = 1, groups: int = 1,
) -> Shaped[Array, "*batch out places"]:
    """The transpose of `conv1d` with the same settings; `kernel` is `(in, out / groups, k)`.

    Errors are those of `conv_2d`. Source: SPAIC, which has no settings here.

    >>> conv_trans1d(jnp.ones((2, 3, 8)), jnp.ones((3, 4, 3))).shape
    (2, 4, 10)
    """
    return _convolve_transposed("conv_trans1d", x, kernel, stride, padding, dilation, groups, bias, 1)


def conv_2d(
    x: Shaped[ArrayLike, "*batch channels height width"], kernel: Shaped[ArrayLike, "out inputs kh kw"],
    stride: int | Sequence[int] = 1, padding: int | Sequence[int] = 0, dilation: int | Sequence[int] = 1,
    groups: int = 1, bias: Shaped[ArrayLike, "out"] | None = None, padding_mode: str = "constant",
    *, convolve: Convolve = convolve,
) -> Shaped[Array, "*batch out rows columns"]:
    """Correlation of images with a kernel.

        y[o, i] = bias[o] + sum_{c,k} kernel[o, c, k] x[c, stride * i + dilation * k - padding]

    for places `i` and `k` of two axes.

    Args:
        x: `(..., C, H, W)`, with any leading axes.
        kernel: `(out, C / groups, kh, kw)`.
        stride: one integer, or one for each axis, as are padding and dilation.
        padding: rows and columns added on each side.
        dilation: distance between the points of the kernel.
        groups: number of blocks into which the channels are split.
        bias: `(out,)`.
        padding_mode: `"constant"` (zeros), `"reflect"`, `"replicate"` or `"circular"`.

    Raises:
        ValueError: shapes, groups or settings that do not fit each other; an unknown padding mode.
        TypeError: a complex operand and a real one; settings that are no integers.

    Source: SPAIC, which ignores `padding_mode` and fails on five axes; here both do what they say.

    >>> conv_2d(jnp.ones((2, 3, 7, 7)), jnp.ones((4, 3, 3, 3)), [2, 1], [1, 0]).shape
    (2, 4, 4, 5)
    """
    return correlated("conv_2d", x, kernel, stride, padding, dilation, groups, bias, padding_mode, convolve=convolve)


def conv_trans2d(
    x: Shaped[ArrayLike, "*batch channels height width"], kernel: Shaped[ArrayLike, "channels outputs kh kw"],
    stride: int | Sequence[int] = 1, padding: int | Sequence[int] = 0, dilation: int | Sequence[int] = 1,
    groups: int = 1, bias: ArrayLike | None = None,
) -> Shaped[Array, "*batch out rows columns"]:
    """The transpose of `conv_2d` with the same settings; `kernel` is `(in, out / groups, kh, kw)`.

    Errors are those of `conv_2d`. Source: SPAIC, whose default dilation of 0 always fails; here it is 1.

    >>> conv_trans2d(jnp.ones((2, 3, 5, 5)), jnp.ones((3, 4, 3, 3)), 2, 1).shape
    (2, 4, 9, 9)
    """
    return _convolve_transposed("conv_trans2d", x, kernel, stride, padding, dilation, groups, bias, 2)


def conv_add_bias(
    x: Shaped[ArrayLike, "*batch channels height width"], bias: Shaped[ArrayLike, "channels"]
) -> Shaped[Array, "*batch channels height width"]:
    """`x[..., c, h, w] + bias[c]`.

    Raises ValueError unless `bias` has one number a channel. Source: SPAIC, which fails on maps that are not
    square.

    >>> conv_add_bias(jnp.zeros((1, 2, 1, 3)), jnp.array([1.0, 2.0])).tolist()
    [[[[1.0, 1.0, 1.0]], [[2.0, 2.0, 2.0]]]]
    """
    return add_bias("conv_add_bias", array("conv_add_bias", "x", x, 3, "(..., C, H, W)"), bias, 2)
