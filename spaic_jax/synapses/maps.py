"""Connections between maps: convolution, transposed convolution and pooling."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any, ClassVar

import jax
import numpy as np

from spaic_jax import ops
from spaic_jax._errors import unknown
from spaic_jax.program import Op, Variable
from spaic_jax.synapses.base import Ends, Link, Weighted, sequence

Sizes = Any  # one number for both axes, or one each


@dataclasses.dataclass(frozen=True)
class _Chain:
    """Operations on maps, one after the other; a comparable function of arrays."""

    kinds: tuple[str, ...]
    settings: tuple[tuple[str, Any], ...]
    post_shape: tuple[int, ...] | None = None

    def __str__(self) -> str:
        return " then ".join(self.kinds)

    def __call__(self, maps: jax.Array, weight: Any = None, bias: jax.Array | None = None) -> jax.Array:
        given = dict(self.settings)
        pool: list[Any] = [given.get(f"pool_{name}") for name in ("kernel_size", "stride", "padding")]
        window: dict[str, Any] = {name: given.get(name) for name in ("stride", "padding", "dilation", "groups")}
        for kind in self.kinds:
            if kind == "conv":
                maps = ops.conv_2d(maps, weight, bias=bias, **window)
            elif kind == "conv_transpose":
                maps = ops.conv_trans2d(maps, weight, bias=bias, **window)
            elif kind == "maxpool":
                maps = ops.max_pool2d(maps, *pool)
            elif kind == "avgpool":
                maps = ops.avg_pool2d(maps, *pool)
            else:
                maps = ops.upsample(maps, given["upscale"])
        return maps if self.post_shape is None else maps.reshape(maps.shape[0], *self.post_shape)


def _lower(
    link: Link, ends: Ends, kinds: tuple[str, ...], allowed: Sequence[str], variables: Sequence[Variable]
) -> tuple[Sequence[Variable], Sequence[Op]]:
    """The row of a chain, once its shape is known to be that of the postsynaptic group."""
    for kind in kinds:
        if kind not in allowed:
            raise ValueError(f"connection '{ends.name}': {unknown('syn_type', kind, allowed)}")
    settings = tuple(
        (f.name, getattr(link, f.name)) for f in dataclasses.fields(link) if f.metadata.get("sequence") or f.name == "groups"
    )
    chain = _Chain(kinds, settings)
    given = [jax.ShapeDtypeStruct((1, *ends.pre_shape), "float32")]
    given += [jax.ShapeDtypeStruct(v.shape, v.dtype) for v in variables]
    try:
        made = jax.eval_shape(chain, *given).shape[1:]
    except (TypeError, ValueError) as error:
        raise ValueError(f"connection '{ends.name}': {error}") from error
    if math.prod(made) != math.prod(ends.post_shape):
        raise ValueError(
            f"connection '{ends.name}' ({chain}) makes maps of shape {made} from {ends.pre_shape}, but its group has shape"
            f" {ends.post_shape}."
        )
    function = chain if made == ends.post_shape else dataclasses.replace(chain, post_shape=ends.post_shape)
    inputs = (ends.source, *(variable.name for variable in variables))
    return variables, [Op(ends.target, function, inputs, name=ends.name)]


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Conv(Weighted):
    """Convolution (correlation) of maps `(C, H, W)` with a kernel, and pooling if asked for.

    $$ I_{o} = b_o + \\sum_c K_{oc} \\star s_c $$

    Args:
        out_channels: number of maps made; by default the first axis of the postsynaptic group.
        in_channels: number of maps read; it must be that of the presynaptic group, and may be left out.
        kernel_size, stride, padding, dilation: one number, or one each for height and width.
        groups: groups of channels that are kept apart.
        syn_type: what is done, in order: `"conv"` once, and `"maxpool"`, `"avgpool"` and `"upsample"` before or after.
        pool_kernel_size, pool_stride, pool_padding: of pooling.
        upscale: factor of `"upsample"`.
        weight: `(out, in / groups, kh, kw)` array, an initial value, or `None` for N(w_mean, w_std).
        w_mean, w_std: mean and standard deviation of the weights when `weight` is `None`.
        w_min, w_max: bounds of the weights.
        bias: one number a map, an initial value, or `None` for no bias.

    Raises:
        ValueError: ends that hold no maps, or a shape that does not come out as that of the postsynaptic group.

    Source: SPAIC, `conv`.

    >>> Conv(kernel_size=(3, 5), syn_type=("conv", "maxpool")).kernel_size
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
    syn_type: Sequence[str] | None = sequence(None)
    pool_kernel_size: Sizes = sequence((2, 2))
    pool_stride: Sizes = sequence(2)
    pool_padding: Sizes = sequence(0)
    upscale: Sizes = sequence(2)

    def __post_init__(self) -> None:
        super().__post_init__()
        _as_tuples(self)

    def lower(self, ends: Ends) -> tuple[Sequence[Variable], Sequence[Op]]:
        kinds = tuple(self.syn_type or (self.own,))
        if kinds.count(self.own) != 1:
            raise ValueError(f"connection '{ends.name}': syn_type must hold '{self.own}' once, got {list(kinds)}.")
        if len(ends.pre_shape) != 3:
            raise ValueError(f"connection '{ends.name}' needs maps (C, H, W) to begin with, but its source has {ends.pre_shape}.")
        channels = ends.pre_shape[0]
        if self.in_channels not in (None, channels):
            raise ValueError(f"connection '{ends.name}': in_channels is {self.in_channels}, but its source has {channels} maps.")
        if self.groups < 1 or channels % self.groups:
            raise ValueError(f"connection '{ends.name}': groups must divide the {channels} maps, got {self.groups}.")
        made = self.out_channels or (np.shape(self.weight)[:1] or ends.post_shape[:1])[0]
        kernel = self.kernel_size if isinstance(self.kernel_size, tuple) else (self.kernel_size,) * 2
        if self.weight is not None and np.ndim(self.weight) == 4:
            kernel = np.shape(self.weight)[2:]
        variables = self.variables(ends, (*self.channels(made, channels), *kernel), self.axes(), made)
        return _lower(self, ends, kinds, (self.own, "maxpool", "avgpool", "upsample"), variables)

    def channels(self, made: int, read: int) -> tuple[int, int]:
        """The first two axes of the kernel."""
        return made, read // self.groups

    def axes(self) -> str:
        """What the axes of the kernel are."""
        return "out, in / groups, kh, kw"


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class ConvTranspose(Conv):
    """The transpose of a convolution of maps `(C, H, W)`: what it makes, `Conv` of the same settings would read.

    Args:
        weight: `(in, out / groups, kh, kw)` array, an initial value, or `None` for N(w_mean, w_std).

    All else is as of `Conv`, with `"conv_transpose"` in `syn_type`. SPAIC makes a plain convolution in its place.

    Source: SPAIC, `conv_transpose`.

    >>> ConvTranspose(stride=2).stride
    2
    """

    own: ClassVar[str] = "conv_transpose"

    def lower(self, ends: Ends) -> tuple[Sequence[Variable], Sequence[Op]]:
        if self.out_channels is None and np.ndim(self.weight) == 4:
            made = np.shape(self.weight)[1] * self.groups
            return dataclasses.replace(self, out_channels=made).lower(ends)
        return super().lower(ends)

    def channels(self, made: int, read: int) -> tuple[int, int]:
        return read, made // self.groups

    def axes(self) -> str:
        return "in, out / groups, kh, kw"


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Pool(Link):
    """Pooling of maps `(C, H, W)`, without weights.

    Args:
        syn_type: what is done, in order: `"maxpool"`, `"avgpool"` or `"upsample"`.
        pool_kernel_size, pool_stride, pool_padding: one number, or one each for height and width.
        upscale: factor of `"upsample"`.

    Raises:
        ValueError: ends whose shapes do not fit.

    Source: SPAIC, `pool`, whose `maxpool` takes means; here it takes the largest.

    >>> Pool(syn_type=["avgpool"]).syn_type
    ('avgpool',)
    """

    syn_type: Sequence[str] = sequence(("maxpool",))
    pool_kernel_size: Sizes = sequence((2, 2))
    pool_stride: Sizes = sequence(2)
    pool_padding: Sizes = sequence(0)
    upscale: Sizes = sequence(2)

    def __post_init__(self) -> None:
        _as_tuples(self)

    def lower(self, ends: Ends) -> tuple[Sequence[Variable], Sequence[Op]]:
        return _lower(self, ends, tuple(self.syn_type), ("maxpool", "avgpool", "upsample"), ())


def _as_tuples(link: Link) -> None:
    """Lists in fields that hold sequences become tuples, which are hashable."""
    for field in dataclasses.fields(link):
        value = getattr(link, field.name)
        if field.metadata.get("sequence") and isinstance(value, list):
            object.__setattr__(link, field.name, tuple(value))
