"""Connections between maps: convolution and transposed convolution."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import ClassVar

import jax
import numpy as np

from spaic_jax import ops
from spaic_jax.program import Op, Variable
from spaic_jax.synapses.base import Ends, Sizes, Weighted, lists_to_tuples, sequence


@dataclasses.dataclass(frozen=True)
class _Correlation:
    """A convolution of maps, or its transpose; a comparable function of arrays."""

    transposed: bool
    window: tuple[Sizes, ...]
    post_shape: tuple[int, ...] | None = None

    def __str__(self) -> str:
        return "conv_transpose" if self.transposed else "conv"

    def __call__(self, maps: jax.Array, weight: jax.Array, bias: jax.Array | None = None) -> jax.Array:
        stride, padding, dilation, groups = self.window
        convolve: Callable[..., jax.Array] = ops.conv_trans2d if self.transposed else ops.conv_2d
        made = convolve(maps, weight, stride, padding, dilation, groups, bias=bias)
        return made if self.post_shape is None else made.reshape(made.shape[0], *self.post_shape)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Conv(Weighted):
    """Convolution (correlation) of maps `(C, H, W)` with a kernel.

    $$ I_{o} = b_o + \\sum_c K_{oc} \\star s_c $$

    Args:
        out_channels: number of maps made; by default the first axis of the postsynaptic group.
        in_channels: number of maps read; it must be that of the presynaptic group, and may be left out.
        kernel_size, stride, padding, dilation: one number, or one each for height and width.
        groups: groups of channels that are kept apart.
        weight: `(out, in / groups, kh, kw)` array, an initial value, or `None` for N(w_mean, w_std).
        w_mean, w_std: mean and standard deviation of the weights when `weight` is `None`.
        w_min, w_max: bounds of the weights.
        bias: one number a map, an initial value, or `None` for no bias.

    Raises:
        ValueError: ends that hold no maps, or a shape that does not come out as that of the postsynaptic group.

    Source: SPAIC, `conv`.

    >>> Conv(kernel_size=[3, 5]).kernel_size
    (3, 5)
    """

    own: ClassVar[str] = "conv"
    w_mean: float = 0.05
    out_channels: int | None = None
    in_channels: int | None = None
    kernel_size: Sizes = sequence((3, 3))
    stride: Sizes = sequence(1)
    padding: Sizes = sequence(0)
    dilation: Sizes = sequence(1)
    groups: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        lists_to_tuples(self)

    @property
    def correlation(self) -> _Correlation:
        """The function of maps and kernel."""
        window = (self.stride, self.padding, self.dilation, self.groups)
        return _Correlation(self.own == "conv_transpose", window)

    def makes(self, pre_shape: tuple[int, ...], post_shape: tuple[int, ...]) -> tuple[int, ...]:
        maps, kernel = ((1, *pre_shape), self.kernel(pre_shape, post_shape))
        structs = (jax.ShapeDtypeStruct(shape, "float32") for shape in (maps, kernel))
        return jax.eval_shape(self.correlation, *structs).shape[1:]

    def kernel(self, pre_shape: tuple[int, ...], post_shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of the kernel between two ends.

        Raises:
            ValueError: ends that it does not fit.
        """
        if len(pre_shape) != 3:
            raise ValueError(f"{self.own} needs maps (C, H, W), but gets {pre_shape}.")
        channels = pre_shape[0]
        if self.in_channels not in (None, channels):
            raise ValueError(f"in_channels is {self.in_channels}, but its source has {channels} maps.")
        if self.groups < 1 or channels % self.groups:
            raise ValueError(f"groups must divide the {channels} maps, got {self.groups}.")
        size = self.kernel_size if isinstance(self.kernel_size, tuple) else (self.kernel_size,) * 2
        if np.ndim(self.weight) == 4:
            size = np.shape(self.weight)[2:]
        return (*self.channels(self.made(post_shape), channels), *size)

    def made(self, post_shape: tuple[int, ...]) -> int:
        """The number of maps made."""
        return int(self.out_channels or (np.shape(self.weight)[:1] or post_shape[:1])[0])

    def channels(self, made: int, read: int) -> tuple[int, int]:
        """The first two axes of the kernel."""
        return made, read // self.groups

    def axes(self) -> str:
        """What the axes of the kernel are."""
        return "out, in / groups, kh, kw"

    def lower(self, ends: Ends) -> tuple[Sequence[Variable], Sequence[Op]]:
        kernel = self.kernel(ends.pre_shape, ends.post_shape)
        variables = self.variables(ends, kernel, self.axes(), self.made(ends.post_shape))
        function = dataclasses.replace(self.correlation, post_shape=ends.post_shape)
        return variables, [Op(ends.target, function, (ends.source, *(v.name for v in variables)), name=ends.name)]


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class ConvTranspose(Conv):
    """The transpose of a convolution of maps `(C, H, W)`: what it makes, `Conv` of the same settings would read.

    Args:
        weight: `(in, out / groups, kh, kw)` array, an initial value, or `None` for N(w_mean, w_std).

    All else is as of `Conv`. SPAIC makes a plain convolution in its place.

    Source: SPAIC, `conv_transpose`.

    >>> ConvTranspose(stride=2).stride
    2
    """

    own: ClassVar[str] = "conv_transpose"

    def made(self, post_shape: tuple[int, ...]) -> int:
        if self.out_channels is None and np.ndim(self.weight) == 4:
            return int(np.shape(self.weight)[1]) * self.groups
        return int(self.out_channels or post_shape[0])

    def channels(self, made: int, read: int) -> tuple[int, int]:
        return read, made // self.groups

    def axes(self) -> str:
        return "in, out / groups, kh, kw"
