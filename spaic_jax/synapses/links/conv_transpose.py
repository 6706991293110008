"""Transposed convolution of maps."""

import dataclasses
from typing import ClassVar

import jax
import numpy as np

from spaic_jax import ops
from spaic_jax.synapses.links.maps import OfMaps

Pair = tuple[int, int]


def conv_transpose(
    maps: jax.Array,
    kernel: jax.Array,
    bias: jax.Array | None = None,
    *,
    stride: Pair,
    padding: Pair,
    dilation: Pair,
    groups: int,
) -> jax.Array:
    """`ops.conv_trans2d`."""
    return ops.conv_trans2d(maps, kernel, stride, padding, dilation, groups, bias=bias)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class ConvTranspose(OfMaps):
    """The transpose of a convolution of maps `(C, H, W)`: what it makes, `Conv` of the same settings would read.

    Args:
        weight: `(in, out / groups, kh, kw)` array, an initial value, or `None` for N(w_mean, w_std).

    All else is as of `Conv`, but for the padding `"same"`. SPAIC makes a plain convolution in its place.

    Source: SPAIC, `conv_transpose`.

    >>> ConvTranspose(stride=2).stride
    (2, 2)
    """

    own: ClassVar[str] = "conv_transpose"
    function: ClassVar = staticmethod(conv_transpose)
    axes: ClassVar = "in, out / groups, kh, kw"

    def made(self, post_shape: tuple[int, ...]) -> int:
        if self.out_channels is None and np.ndim(self.weight) == 4:
            return int(np.shape(self.weight)[1]) * self.groups
        return int(self.out_channels or post_shape[0])

    def channels(self, made: int, read: int) -> tuple[int, int]:
        return read, made // self.groups
