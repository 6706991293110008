"""Maps made smaller."""

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

from spaic_jax.synapses.base import Sizes, pair, sequence
from spaic_jax.synapses.parts.base import Pure


@dataclasses.dataclass(frozen=True, kw_only=True)
class Pooling(Pure):
    """Windows of maps."""

    pool_kernel_size: Sizes = sequence((2, 2))
    pool_stride: Sizes = sequence(2)
    pool_padding: Sizes = sequence(0)

    def __post_init__(self) -> None:
        for name in ("pool_kernel_size", "pool_stride", "pool_padding"):
            least = 0 if name == "pool_padding" else 1
            object.__setattr__(self, name, pair(getattr(self, name), f"{type(self).__name__}: {name}", least))

    def settings(self) -> Mapping[str, Any]:
        return {"pool_kernel": self.pool_kernel_size, "pool_stride": self.pool_stride, "pool_padding": self.pool_padding}


@dataclasses.dataclass(frozen=True, kw_only=True)
class MaxPool(Pooling):
    """The largest value of each window of maps `(C, H, W)`. SPAIC's `pool` takes means under this name.

    Args:
        pool_kernel_size, pool_stride, pool_padding: one number, or one each for height and width.

    Raises:
        ValueError: what holds no maps, or maps smaller than a window.

    Source: SPAIC, `maxpool`.

    >>> MaxPool(pool_kernel_size=3).makes((2, 7, 9))
    (2, 3, 4)
    """

    op: ClassVar = "max_pool2d"


@dataclasses.dataclass(frozen=True, kw_only=True)
class AvgPool(Pooling):
    """The mean of each window of maps `(C, H, W)`, padding counted as zeros. Arguments and errors as of `MaxPool`.

    Source: SPAIC, `avgpool`.

    >>> AvgPool().makes((2, 4, 6))
    (2, 2, 3)
    """

    op: ClassVar = "avg_pool2d"


@dataclasses.dataclass(frozen=True, kw_only=True)
class SumPool(Pooling):
    """The sum of each window of maps `(C, H, W)`, padding counted as zeros. Arguments and errors as of `MaxPool`.

    Source: `SumPool2d` of NIR, Pedersen et al. (2024): one spike more for each neuron of a window that fires.

    >>> SumPool(pool_kernel_size=3).makes((2, 7, 9))
    (2, 3, 4)
    """

    op: ClassVar = "sum_pool2d"
