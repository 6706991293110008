"""Maps made smaller or larger."""

import dataclasses

import jax

from spaic_jax import ops
from spaic_jax.synapses.base import Sizes, lists_to_tuples, sequence
from spaic_jax.synapses.types.base import Pure


@dataclasses.dataclass(frozen=True, kw_only=True)
class MaxPool(Pure):
    """The largest value of each window of maps `(C, H, W)`. SPAIC's `pool` takes means under this name.

    Args:
        pool_kernel_size, pool_stride, pool_padding: one number, or one each for height and width.

    Raises:
        ValueError: what holds no maps, or maps smaller than a window.

    Source: SPAIC, `maxpool`.

    >>> MaxPool(pool_kernel_size=3).makes((2, 7, 9))
    (2, 3, 4)
    """

    pool_kernel_size: Sizes = sequence((2, 2))
    pool_stride: Sizes = sequence(2)
    pool_padding: Sizes = sequence(0)

    def __post_init__(self) -> None:
        lists_to_tuples(self)

    def __call__(self, value: jax.Array) -> jax.Array:
        return ops.max_pool2d(value, self.pool_kernel_size, self.pool_stride, self.pool_padding)


@dataclasses.dataclass(frozen=True, kw_only=True)
class AvgPool(MaxPool):
    """The mean of each window of maps `(C, H, W)`, padding counted as zeros. Arguments and errors as of `MaxPool`.

    Source: SPAIC, `avgpool`.

    >>> AvgPool().makes((2, 4, 6))
    (2, 2, 3)
    """

    def __call__(self, value: jax.Array) -> jax.Array:
        return ops.avg_pool2d(value, self.pool_kernel_size, self.pool_stride, self.pool_padding)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Upsample(Pure):
    """Each value of maps `(C, H, W)` repeated along height and width.

    Args:
        upscale: how often; one number, or one each.

    Raises:
        ValueError: what holds no maps.

    Source: SPAIC, `upsample`.

    >>> Upsample(upscale=2).makes((2, 4, 6))
    (2, 8, 12)
    """

    upscale: Sizes = sequence(2)

    def __post_init__(self) -> None:
        lists_to_tuples(self)

    def __call__(self, value: jax.Array) -> jax.Array:
        return ops.upsample(value, self.upscale)
