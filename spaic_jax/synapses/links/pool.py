"""Pooling without weights."""

import dataclasses
from typing import ClassVar

from spaic_jax.synapses.links.direct import Passing


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Pool(Passing):
    """Pooling of maps `(C, H, W)`, without weights: `null` whose `syn_type` is `["maxpool"]` unless said otherwise.

    Raises:
        ValueError: ends whose shapes do not fit.

    Source: SPAIC, `pool`, whose `maxpool` takes means; here it takes the largest.

    >>> Pool().usual
    ('maxpool',)
    """

    usual: ClassVar = ("maxpool",)
