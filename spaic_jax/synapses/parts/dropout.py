"""Values left out at random while a network is trained."""

import dataclasses
from typing import ClassVar

from spaic_jax._numbers import real
from spaic_jax.program import Context, Fragment, Op, Site
from spaic_jax.synapses.base import numbers
from spaic_jax.synapses.parts.base import Synapse


@dataclasses.dataclass(frozen=True, kw_only=True)
class Dropout(Synapse):
    """In training, each value is left out with probability `p` in every step, and the others are divided by `1 - p`.

    Otherwise nothing happens, and it costs nothing: see `Simulator.train`. SPAIC drops in evaluation too.

    Args:
        p: probability, at least 0 and below 1.

    Raises:
        ValueError: another `p`.

    Source: SPAIC, `dropout`; Srivastava et al. (2014).

    >>> Dropout(p=0.2).makes((3, 4))
    (3, 4)
    """

    presynaptic: ClassVar = True
    p: float = 0.5

    def __post_init__(self) -> None:
        object.__setattr__(self, "p", real(self.p, "Dropout: p", least=0, below=1))

    def makes(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return shape

    def lower(self, site: Site, context: Context) -> Fragment:
        (p,) = numbers(site, self, "p")
        rows = (
            Op(site.target, "dropout", (site.source, p.name), name=site.name, random=True, when="learning"),
            Op(site.target, "assign", site.source, name=site.name, when="frozen"),
        )
        return Fragment((p,), rows)
