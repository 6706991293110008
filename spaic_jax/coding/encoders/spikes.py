"""Spikes that are ready made."""

import dataclasses
from typing import ClassVar

from spaic_jax.coding.encoders.base import Coding
from spaic_jax.program import Context, Fragment, Op, Site
from spaic_jax.program.variable import Axes


@dataclasses.dataclass(frozen=True)
class Spikes(Coding):
    """Ready-made spikes (or currents), `[T, B, *shape]`, passed on as they are.

    SPAIC's `null` takes `(batch, T, ...)`; here time comes first, as everywhere.

    Source: SPAIC, `null`.

    >>> Spikes().axes
    'time'
    """

    axes: ClassVar[Axes] = "time"

    def lower(self, site: Site, context: Context) -> Fragment:
        return Fragment(ops=(Op(site.target, "assign", site.source),))
