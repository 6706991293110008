"""What a convolution of maps and its transpose have in common."""

import abc
import dataclasses
from collections.abc import Callable
from typing import Any, ClassVar

import jax
import numpy as np

from spaic_jax._numbers import whole
from spaic_jax.program import Context, Fragment, Op, Site
from spaic_jax.synapses.base import Sizes, pair, sequence
from spaic_jax.synapses.links.weighted import Weighted


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class OfMaps(Weighted):
    """A link from maps `(C, H, W)` to maps, by a kernel."""

    #: The function of maps and kernel.
    function: ClassVar[Callable[..., jax.Array]]
    #: What the axes of the kernel are.
    axes: ClassVar[str]
    #: Whether it takes lines `(C, L)` too.
    lines: ClassVar[bool] = False
    w_mean: float = 0.05
    out_channels: int | None = None
    in_channels: int | None = None
    kernel_size: Sizes = sequence((3, 3))
    stride: Sizes = sequence(1)
    padding: Sizes = sequence((0, 0))
    dilation: Sizes = sequence(1)
    groups: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        kind = type(self).__name__
        for name in ("kernel_size", "stride", "dilation", "padding"):
            object.__setattr__(self, name, self.checked(name, getattr(self, name)))
        for name in ("out_channels", "in_channels", "groups"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, whole(getattr(self, name), f"{kind}: {name}"))

    def checked(self, name: str, value: Any) -> Any:
        """A setting for height and width."""
        return pair(value, f"{type(self).__name__}: {name}", 0 if name == "padding" else 1)

    @property
    def window(self) -> dict[str, Any]:
        """The settings of the function."""
        return {name: getattr(self, name) for name in ("stride", "padding", "dilation", "groups")}

    def makes(self, pre_shape: tuple[int, ...], post_shape: tuple[int, ...]) -> tuple[int, ...]:
        maps, kernel = ((1, *pre_shape), self.kernel(pre_shape, post_shape))
        structs = (jax.ShapeDtypeStruct(shape, "float32") for shape in (maps, kernel))
        return jax.eval_shape(lambda maps, kernel: type(self).function(maps, kernel, **self.window), *structs).shape[1:]

    def kernel(self, pre_shape: tuple[int, ...], post_shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of the kernel between two ends.

        Raises:
            ValueError: ends that it does not fit.
        """
        if len(pre_shape) not in ((2, 3) if self.lines else (3,)):
            raise ValueError(f"{self.own} needs maps (C, H, W){' or lines (C, L)' if self.lines else ''}, but gets {pre_shape}.")
        channels = pre_shape[0]
        if self.in_channels not in (None, channels):
            raise ValueError(f"in_channels is {self.in_channels}, but its source has {channels} maps.")
        if channels % self.groups:
            raise ValueError(f"groups must divide the {channels} maps, got {self.groups}.")
        axes = len(pre_shape) - 1
        size = np.shape(self.weight)[2:] if np.ndim(self.weight) == axes + 2 else self.kernel_size[-axes:]
        return (*self.channels(self.made(post_shape), channels), *size)

    @abc.abstractmethod
    def made(self, post_shape: tuple[int, ...]) -> int:
        """The number of maps made."""

    @abc.abstractmethod
    def channels(self, made: int, read: int) -> tuple[int, int]:
        """The first two axes of the kernel."""

    def carry(self, site: Site, context: Context) -> Fragment:
        weight = self.drawn() if self.weight is None else self.weight
        shape = self.kernel(site.takes, site.gives)
        axes = self.axes if len(shape) == 4 else self.axes.replace("kh, kw", "k")
        kernel = self.variable(site, "weight", shape, axes, weight)
        variables = (kernel, *self.biases(site, self.made(site.gives), "out"))
        inputs = (site.source, *(variable.name for variable in variables))
        return Fragment(variables, (Op(site.target, type(self).function, inputs, name=site.name, settings=self.window),))
