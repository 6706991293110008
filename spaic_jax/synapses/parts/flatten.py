"""Maps as one row of values."""

import dataclasses
from typing import ClassVar

from spaic_jax.synapses.parts.base import Pure


@dataclasses.dataclass(frozen=True, kw_only=True)
class Flatten(Pure):
    """All values of a sample in one axis, the last one fastest; `full` takes any shape so, with or without it.

    Source: SPAIC, `flatten`.

    >>> Flatten().makes((2, 3, 4))
    (24,)
    """

    presynaptic: ClassVar = True
    op: ClassVar = "feature_map_flatten"
