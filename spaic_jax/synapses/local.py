"""Local connection of maps: a window for each neuron, with weights of its own."""

import dataclasses
import itertools
import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax.program import Initial, Op, Variable
from spaic_jax.synapses.base import Ends, Weighted, sequence


@dataclasses.dataclass(frozen=True)
class Neighbours(Initial):
    """N(mean, std) in maps `[..., H, W]`, in which neighbours are alike: noise through a difference of Gaussians.

    The filter of size `n` is `exp(-r^2 / u) / u - exp(-r^2 / v) / v` with `u = (0.1 n)^2`, `v = (0.35 n)^2`, brought to
    length 1.
    """

    mean: float
    std: float
    size: int

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
        half = self.size // 2
        squares = np.arange(-half, half + 1)[:, None] ** 2 + np.arange(-half, half + 1)[None] ** 2
        narrow, wide = (0.1 * self.size) ** 2, (0.35 * self.size) ** 2
        kernel = np.exp(-squares / narrow) / narrow - np.exp(-squares / wide) / wide
        kernel /= np.linalg.norm(kernel)
        rows, columns = shape[-2:]
        noise = jax.random.normal(key, (math.prod(shape[:-2]), 1, rows + 2 * half, columns + 2 * half), dtype)
        smooth = jax.lax.conv(noise, jnp.asarray(kernel[None, None], dtype), (1, 1), "VALID")
        return self.mean + self.std * smooth.reshape(shape)


@dataclasses.dataclass(frozen=True)
class _Windows:
    """Sums over windows of a map; a comparable function of arrays."""

    kernel_size: tuple[int, int]
    clust_size: tuple[int, int]
    dilation: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    cutting: tuple[int, int]
    post_shape: tuple[int, ...]

    def __str__(self) -> str:
        return "windows"

    def places(self, size: tuple[int, ...]) -> tuple[int, int]:
        """Windows along each axis of a map."""
        rows, columns = (
            (n + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
            for n, padding, dilation, kernel, stride in zip(
                size, self.padding, self.dilation, self.kernel_size, self.stride, strict=True
            )
        )
        return rows, columns

    def made(self, size: tuple[int, ...]) -> tuple[int, int]:
        """Size of the map that is made of one of another size."""
        rows, columns = (
            c * n - 2 * cut for c, n, cut in zip(self.clust_size, self.places(size), self.cutting, strict=True)
        )
        return rows, columns

    def __call__(self, spikes: jax.Array, weight: jax.Array, bias: jax.Array | None = None) -> jax.Array:
        maps = jnp.pad(spikes[:, 0], ((0, 0), *((p, p) for p in self.padding)))
        places = self.places(spikes.shape[2:])
        total = jnp.zeros((spikes.shape[0], *weight.shape[2:]), weight.dtype)
        for k, offset in enumerate(itertools.product(*map(range, self.kernel_size))):
            seen = maps
            for axis in (0, 1):
                first = offset[axis] * self.dilation[axis]
                last = first + (places[axis] - 1) * self.stride[axis] + 1
                seen = jax.lax.slice_in_dim(seen, first, last, self.stride[axis], axis + 1)
                seen = jnp.repeat(seen, self.clust_size[axis], axis + 1)
                cut = self.cutting[axis]
                seen = jax.lax.slice_in_dim(seen, cut, seen.shape[axis + 1] - cut, axis=axis + 1)
            total += seen * weight[k]
        current = total.reshape(spikes.shape[0], -1)
        return (current if bias is None else current + bias[None]).reshape(spikes.shape[0], *self.post_shape)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class ContinuousLocal(Weighted):
    """Each neuron of a map sees a window of another map, with weights of its own: a convolution that shares no weights.

    $$ I_{yx} = \\sum_{a, b} W_{ab,yx}\\; s\\left[ \\left\\lfloor \\tfrac{y + c}{n} \\right\\rfloor S + a D - P,\\;
    \\left\\lfloor \\tfrac{x + c}{n} \\right\\rfloor S + b D - P \\right] (+ b_{yx}) $$

    with the stride S, dilation D, padding P (zeros), cutting c and cluster size n of the axis: `n x n` neighbours, a cluster,
    see the same window, and `c` rows and columns are cut off at each side. From a map `(1, H, W)` it makes one of
    `n ((H + 2 P - D (k - 1) - 1) // S + 1) - 2 c` rows, and so for the columns.

    Args:
        kernel_size, clust_size, dilation, stride, padding, cutting: one number, or one each for height and width.
        sigma_c: size of a filter (a difference of Gaussians) that makes the weights that are drawn alike for neighbours
            of the postsynaptic map; taken as the odd number `2 floor(sigma_c / 2) + 1`. `None` for none.
        weight: `(kh * kw, 1, rows, columns)` array, an initial value, or `None` for N(w_mean, w_std).
        w_mean, w_std: mean and standard deviation of the weights when `weight` is `None`.
        w_min, w_max: bounds of the weights.
        bias: one number a postsynaptic neuron, an initial value, or `None` for no bias.

    Raises:
        ValueError: ends that hold no maps of one channel, or a size that does not come out as that of the postsynaptic
            group.

    Source: SPAIC, `continuous_local`. There, `sigma_c` stores the weights in another order and changes their mean.

    >>> ContinuousLocal(kernel_size=5, clust_size=2).clust_size
    2
    """

    w_mean: float = 0.05
    w_std: float = 0.5
    w_min: float | None = 0.0
    w_max: float | None = 0.1
    kernel_size: Any = sequence((3, 3))
    clust_size: Any = sequence(1)
    dilation: Any = sequence(1)
    stride: Any = sequence(1)
    padding: Any = sequence(0)
    cutting: Any = sequence(0)
    sigma_c: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in (f.name for f in dataclasses.fields(_Windows) if f.name != "post_shape"):
            least = 0 if name in ("padding", "cutting") else 1
            pair = self.pair(name)
            if len(pair) != 2 or any(isinstance(n, bool) or not isinstance(n, int) or n < least for n in pair):
                raise ValueError(f"ContinuousLocal: {name} needs one or two whole numbers of at least {least}, got {pair}.")
        if self.sigma_c is not None and not 0 < self.sigma_c < math.inf:
            raise ValueError(f"ContinuousLocal: sigma_c must be positive, got {self.sigma_c!r}.")

    def pair(self, name: str) -> tuple[int, ...]:
        """A setting, for height and width."""
        value = getattr(self, name)
        return tuple(value) if isinstance(value, tuple | list) else (value, value)

    def drawn(self) -> Initial:
        return super().drawn() if self.sigma_c is None else Neighbours(self.w_mean, self.w_std, 2 * int(self.sigma_c // 2) + 1)

    def lower(self, ends: Ends) -> tuple[Sequence[Variable], Sequence[Op]]:
        if len(ends.pre_shape) != 3 or ends.pre_shape[0] != 1:
            raise ValueError(f"connection '{ends.name}' needs a map (1, H, W) to begin with, but its source has {ends.pre_shape}.")
        names = (f.name for f in dataclasses.fields(_Windows) if f.name != "post_shape")
        windows = _Windows(**{name: self.pair(name) for name in names}, post_shape=ends.post_shape)  # type: ignore[arg-type]
        made = windows.made(ends.pre_shape[1:])
        if min(*windows.places(ends.pre_shape[1:]), *made) < 1 or math.prod(made) != math.prod(ends.post_shape):
            raise ValueError(
                f"connection '{ends.name}' makes a map of size {made} from {ends.pre_shape}, but its group has shape"
                f" {ends.post_shape}."
            )
        shape = (math.prod(windows.kernel_size), 1, *made)
        variables = self.variables(ends, shape, "kh * kw, 1, rows, columns", math.prod(made))
        inputs = (ends.source, *(variable.name for variable in variables))
        return variables, [Op(ends.target, windows, inputs, name=ends.name)]
