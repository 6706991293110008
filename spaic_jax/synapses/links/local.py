"""Local connection of maps: a window for each neuron, with weights of its own."""

import dataclasses
import itertools
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax._numbers import real
from spaic_jax.program import Context, Fragment, Initial, Op, Site
from spaic_jax.synapses.base import Sizes, pair, sequence
from spaic_jax.synapses.links.weighted import Weighted


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


Pair = tuple[int, int]
_PAIRS = ("kernel_size", "clust_size", "dilation", "stride", "padding", "cutting")


def places(size: Pair, kernel_size: Pair, dilation: Pair, stride: Pair, padding: Pair) -> Pair:
    """Windows along each axis of a map of a size."""
    axes = zip(size, kernel_size, dilation, stride, padding, strict=True)
    rows, columns = ((n + 2 * pad - spread * (kernel - 1) - 1) // step + 1 for n, kernel, spread, step, pad in axes)
    return rows, columns


def windows(
    spikes: jax.Array,
    weight: jax.Array,
    bias: jax.Array | None = None,
    *,
    kernel_size: Pair,
    clust_size: Pair,
    dilation: Pair,
    stride: Pair,
    padding: Pair,
    cutting: Pair,
    shape: tuple[int, ...],
) -> jax.Array:
    """Sums over windows of a map, with weights of each place; `shape` is that of a sample of them."""
    maps = jnp.pad(spikes[:, 0], ((0, 0), *((p, p) for p in padding)))
    rows, columns = spikes.shape[2:]
    along = places((rows, columns), kernel_size, dilation, stride, padding)
    total = jnp.zeros((spikes.shape[0], *weight.shape[2:]), weight.dtype)
    for k, offset in enumerate(itertools.product(*map(range, kernel_size))):
        seen = maps
        for axis in (0, 1):
            first = offset[axis] * dilation[axis]
            last = first + (along[axis] - 1) * stride[axis] + 1
            seen = jax.lax.slice_in_dim(seen, first, last, stride[axis], axis + 1)
            seen = jnp.repeat(seen, clust_size[axis], axis + 1)
            seen = jax.lax.slice_in_dim(seen, cutting[axis], seen.shape[axis + 1] - cutting[axis], axis=axis + 1)
        total += seen * weight[k]
    current = total.reshape(spikes.shape[0], -1)
    return (current if bias is None else current + bias[None]).reshape(spikes.shape[0], *shape)


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
    (2, 2)
    """

    w_mean: float = 0.05
    w_std: float = 0.5
    w_min: float | None = 0.0
    w_max: float | None = 0.1
    kernel_size: Sizes = sequence((3, 3))
    clust_size: Sizes = sequence(1)
    dilation: Sizes = sequence(1)
    stride: Sizes = sequence(1)
    padding: Sizes = sequence(0)
    cutting: Sizes = sequence(0)
    sigma_c: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in _PAIRS:
            least = 0 if name in ("padding", "cutting") else 1
            object.__setattr__(self, name, pair(getattr(self, name), f"ContinuousLocal: {name}", least))
        if self.sigma_c is not None:
            object.__setattr__(self, "sigma_c", real(self.sigma_c, "ContinuousLocal: sigma_c", above=0))

    def drawn(self) -> Initial:
        return super().drawn() if self.sigma_c is None else Neighbours(self.w_mean, self.w_std, 2 * int(self.sigma_c // 2) + 1)

    def carry(self, site: Site, context: Context) -> Fragment:
        if len(site.takes) != 3 or site.takes[0] != 1:
            raise ValueError(f"connection '{site.name}' needs a map (1, H, W) to begin with, but its source has {site.takes}.")
        along = places(site.takes[1:], self.kernel_size, self.dilation, self.stride, self.padding)
        made = tuple(c * n - 2 * cut for c, n, cut in zip(self.clust_size, along, self.cutting, strict=True))
        if min(*along, *made) < 1 or math.prod(made) != math.prod(site.gives):
            raise ValueError(
                f"connection '{site.name}' makes a map of size {made} from {site.takes}, but its group has shape"
                f" {site.gives}."
            )
        shape = (math.prod(self.kernel_size), 1, *made)
        variables = self.variables(site, shape, "kh * kw, 1, rows, columns", math.prod(made))
        inputs = (site.source, *(variable.name for variable in variables))
        settings = {name: getattr(self, name) for name in _PAIRS} | {"shape": site.gives}
        return Fragment(variables, (Op(site.target, windows, inputs, name=site.name, settings=settings),))
