"""Convolutions that cost what their events cost where these are few.

The three arrays of the layer are the maps taken, `(..., C, H, W)`, the kernel, `(out, C, kh, kw)`, and the maps given,
`(..., out, height, width)`.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax import _times
from spaic_jax._shapes import Array, Shaped
from spaic_jax.native import bilinear, kernels
from spaic_jax.native.bilinear import Choice, Ways
from spaic_jax.native.partition import typed

Pair = tuple[int, int]

#: The density below which the events of the maps taken and of those given take less time than XLA's convolution, as measured; what
#: has fewer multiplications than `SMALL` is dense, as a call of a kernel costs more than it saves.
CROSSOVER = {"taken": 0.15, "given": 0.1}
SMALL = 2**16
#: Bytes of a block of channels, over all places of a map, while they are added up; vectors of 64 bytes in it, at most.
_CACHE, _VECTORS = 2**18, 4


@dataclasses.dataclass(frozen=True)
class Window:
    """How a kernel of a size lies over maps of a size."""

    stride: Pair
    padding: Pair
    dilation: Pair
    maps: Pair
    kernel: Pair

    @property
    def given(self) -> Pair:
        """The size of the maps given."""

        def size(axis: int) -> int:
            span = self.dilation[axis] * (self.kernel[axis] - 1) + 1
            return (self.maps[axis] + 2 * self.padding[axis] - span) // self.stride[axis] + 1

        return size(0), size(1)


def convolution(
    maps: Shaped[Array, "*batch c h w"],
    kernel: Shaped[Array, "out inputs kh kw"],
    *,
    stride: Pair,
    padding: Pair,
    dilation: Pair,
    groups: int,
    choice: Choice = "auto",
) -> Shaped[Array, "*batch out height width"]:
    """The correlation of maps with a kernel, and derivatives to match, by events where these are few.

    The choice is made when it runs, by a sample of the numbers. It is dense where there are groups, where the dtypes are not the
    same float32 or float64, on accelerators, in what `jax.export` writes, and under `vmap` over kernels. Each of several devices
    chooses for its own rows.
    Where it is by events, a number that is zero takes no part, so that 0 times infinity is 0.

    >>> places = {"stride": (1, 1), "padding": (0, 0), "dilation": (1, 1), "groups": 1}
    >>> convolution(jnp.eye(3)[None], jnp.arange(4.0).reshape(1, 1, 2, 2), **places).tolist()
    [[[3.0, 2.0], [1.0, 3.0]]]
    """
    if typed(maps, kernel) or groups != 1 or maps.dtype != kernel.dtype or maps.dtype not in (jnp.float32, jnp.float64):
        return _times.convolve(maps, kernel, stride=stride, padding=padding, dilation=dilation, groups=groups)
    window = Window(stride, padding, dilation, (maps.shape[-2], maps.shape[-1]), (kernel.shape[-2], kernel.shape[-1]))
    precision = jax.config.jax_default_matmul_precision  # type: ignore[attr-defined]
    return _contract(maps, kernel, gives="given", choice=choice, window=window, precision=precision)


def _dense(a: jax.Array, b: jax.Array, *, gives: str, window: Window, precision: str | None) -> jax.Array:
    """XLA's convolution, or a transpose of it."""

    def given(maps: jax.Array, kernel: jax.Array) -> jax.Array:
        rows = maps.reshape(-1, *maps.shape[-3:])
        made = jax.lax.conv_general_dilated(
            rows, kernel, window.stride, [(p, p) for p in window.padding], rhs_dilation=window.dilation, precision=precision
        )
        return made.reshape(*maps.shape[:-3], *made.shape[1:])

    if gives == "given":
        return given(a, b)
    if gives == "taken":
        taken = jax.ShapeDtypeStruct((*a.shape[:-3], b.shape[1], *window.maps), a.dtype)
        return jax.linear_transpose(lambda maps: given(maps, b), taken)(a)[0]
    weight = jax.ShapeDtypeStruct((a.shape[-3], b.shape[-3], *window.kernel), a.dtype)
    return jax.linear_transpose(lambda kernel: given(b, kernel), weight)(a)[0]


def _ways(a: jax.Array, b: jax.Array, *, gives: str, choice: Choice, window: Window, precision: str | None) -> Ways:
    """From the events of one operand that has rows or of the other."""
    dense = functools.partial(_dense, a, b, gives=gives, window=window, precision=precision)
    out, taken = (a.shape[-3], b.shape[-3]) if gives == "weight" else b.shape[:2]
    work = math.prod((a.shape[0], out, taken, *window.kernel, *window.given))
    if work == 0 or (choice == "auto" and work < SMALL):
        return [], dense
    settings = np.array([*window.stride, *window.padding, *window.dilation])
    if gives != "weight":
        maps = (out, *window.given) if gives == "given" else (taken, *window.maps)
        # Outside of the choice, so that a loop packs its kernel once.
        packed = _pack(b, _block(maps, a.dtype), transposed=gives == "taken")

        def scatter() -> jax.Array:
            return kernels.scatter(a, packed, maps, settings, transposed=gives == "taken")

        return [(_matrix(a), CROSSOVER[bilinear.OPERANDS[gives][0]], scatter)], dense

    def gather(events: jax.Array, dense: jax.Array, *, transposed: bool) -> jax.Array:
        width = _block(dense.shape[1:], dense.dtype)
        shape = (-(-dense.shape[1] // width), events.shape[1], *window.kernel, width)
        packed = kernels.gather(events, dense, shape, settings, transposed=transposed)
        return _unpack(packed, dense.shape[1], transposed=transposed)

    return [
        (_matrix(b), CROSSOVER["taken"], functools.partial(gather, b, a, transposed=False)),
        (_matrix(a), CROSSOVER["given"], functools.partial(gather, a, b, transposed=True)),
    ], dense


def _matrix(maps: jax.Array) -> jax.Array:
    """A row for each map."""
    return maps.reshape(-1, math.prod(maps.shape[-2:]))


def _block(maps: tuple[int, ...], dtype: Any) -> int:
    """How many channels of the maps that are not events are added up at once."""
    lanes = 64 // dtype.itemsize
    vectors = -(-maps[0] // lanes)
    most = max(min(_CACHE // (64 * math.prod(maps[1:])), _VECTORS), 1)
    return -(-vectors // -(-vectors // most)) * lanes


def _pack(kernel: jax.Array, block: int, *, transposed: bool) -> jax.Array:
    """`(blocks, channels of the events, kh, kw, block)`, turned by half a circle unless transposed."""
    turned = kernel if transposed else jnp.flip(kernel, (2, 3)).swapaxes(0, 1)
    turned = jnp.pad(turned, ((0, 0), (0, -turned.shape[1] % block), (0, 0), (0, 0)))
    return turned.reshape(turned.shape[0], -1, block, *kernel.shape[2:]).transpose(1, 0, 3, 4, 2)


def _unpack(packed: jax.Array, channels: int, *, transposed: bool) -> jax.Array:
    """The kernel that was packed."""
    turned = packed.transpose(1, 0, 4, 2, 3).reshape(packed.shape[1], -1, *packed.shape[2:4])[:, :channels]
    return turned if transposed else jnp.flip(turned, (2, 3)).swapaxes(0, 1)


_contract = bilinear.primitive("convolution_of_events", 3, _dense, _ways)
