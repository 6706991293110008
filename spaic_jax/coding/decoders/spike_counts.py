"""Spikes counted over the run."""

import dataclasses

from spaic_jax.coding.decoders.base import Population
from spaic_jax.program import Reduction, Sum


@dataclasses.dataclass(frozen=True)
class SpikeCounts(Population):
    """`(sum over time and population of O + bias) * scale`, shape `[B, num / pop_size]`.

    Source: SPAIC, `spike_counts`.

    >>> SpikeCounts(scale=0.5).scale
    0.5
    """

    def reduction(self, dt: float) -> Reduction:
        return Sum()
