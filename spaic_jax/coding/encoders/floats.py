"""Numbers, held for the run or given for each step."""

import dataclasses

from spaic_jax.coding.encoders.base import Coding
from spaic_jax.program import Context, Fragment, Op, Site


@dataclasses.dataclass(frozen=True)
class Floats(Coding):
    """The input as it is, in every step: `[B, *shape]` held for the run, or `[T, B, *shape]`.

    Source: SPAIC, `float`.

    >>> Floats().axes
    'either'
    """

    def lower(self, site: Site, context: Context) -> Fragment:
        return Fragment(ops=(Op(site.target, "assign", site.source),))
