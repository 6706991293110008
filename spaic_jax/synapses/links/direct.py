"""The presynaptic output itself."""

import dataclasses
from typing import ClassVar

from spaic_jax.program import Context, Fragment, Op, Site
from spaic_jax.synapses.links.base import Link


class Passing(Link):
    """A link without weights, which gives what it takes."""

    own: ClassVar = "directpass"

    def makes(self, pre_shape: tuple[int, ...], post_shape: tuple[int, ...]) -> tuple[int, ...]:
        return pre_shape

    def lower(self, site: Site, context: Context) -> Fragment:
        return Fragment(ops=(Op(site.target, "assign", site.source, name=site.name),))


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Direct(Passing):
    """The presynaptic output is the current, `I = s`; the two ends hold equally many.

    Raises:
        ValueError: when they do not.

    Source: SPAIC, `null` with the synapse `directpass`.

    >>> Direct().own
    'directpass'
    """
