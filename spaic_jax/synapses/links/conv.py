"""Convolution of maps."""

import dataclasses
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax import ops
from spaic_jax._times import Convolve, convolve
from spaic_jax.synapses.links.maps import OfMaps

Pair = tuple[int, int]


def conv(
    maps: jax.Array,
    kernel: jax.Array,
    bias: jax.Array | None = None,
    *,
    stride: Pair,
    padding: Pair | str,
    dilation: Pair,
    groups: int,
    convolve: Convolve = convolve,
) -> jax.Array:
    """`ops.conv_2d`, which may keep the size of the maps; lines are maps of one row."""
    if kernel.ndim == 3:
        settings: dict[str, Any] = {"stride": (1, stride[1]), "dilation": (1, dilation[1]), "groups": groups, "convolve": convolve}
        ends = padding if isinstance(padding, str) else (0, padding[1])
        return conv(maps[:, :, None], kernel[:, :, None], bias, padding=ends, **settings)[:, :, 0]
    if isinstance(padding, str):
        around = [spread * (size - 1) for spread, size in zip(dilation, kernel.shape[2:], strict=True)]
        maps = jnp.pad(maps, ((0, 0), (0, 0), *((n // 2, n - n // 2) for n in around)))
        padding = (0, 0)
    return ops.conv_2d(maps, kernel, stride, padding, dilation, groups, bias=bias, convolve=convolve)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Conv(OfMaps):
    """Convolution (correlation) of maps `(C, H, W)`, or of lines `(C, L)`, with a kernel.

    $$ I_{o} = b_o + \\sum_c K_{oc} \\star s_c $$

    Args:
        out_channels: number of maps made; by default the first axis of the postsynaptic group.
        in_channels: number of maps read; it must be that of the presynaptic group, and may be left out.
        kernel_size, stride, padding, dilation: one number, or one each for height and width. The padding `"same"` adds as
            many zeros as keep the size of the maps, one more at the end where their number is odd; the stride is 1 then.
        groups: groups of channels that are kept apart.
        weight: `(out, in / groups, kh, kw)` array, an initial value, or `None` for N(w_mean, w_std); of lines `(out, in / groups, k)`,
            whose numbers are those for the width.
        w_mean, w_std: mean and standard deviation of the weights when `weight` is `None`.
        w_min, w_max: bounds of the weights.
        bias: one number a map, an initial value, or `None` for no bias.

    Raises:
        ValueError: ends that hold no maps or lines, or a shape that does not come out as that of the postsynaptic group.

    Source: SPAIC, `conv`.

    >>> Conv(kernel_size=[3, 5]).kernel_size
    (3, 5)
    """

    own: ClassVar[str] = "conv"
    function: ClassVar = staticmethod(conv)
    axes: ClassVar = "out, in / groups, kh, kw"
    lines: ClassVar = True

    def checked(self, name: str, value: Any) -> Any:
        if name != "padding" or not isinstance(value, str):
            return super().checked(name, value)
        if value.lower() != "same":
            raise ValueError(f"Conv: padding must be whole numbers or 'same', got {value!r}.")
        if self.stride != (1, 1):
            raise ValueError(f"Conv: padding 'same' needs the stride 1, got {self.stride}.")
        return "same"

    def made(self, post_shape: tuple[int, ...]) -> int:
        return int(self.out_channels or (np.shape(self.weight)[:1] or post_shape[:1])[0])

    def channels(self, made: int, read: int) -> tuple[int, int]:
        return made, read // self.groups
