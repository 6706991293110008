"""Spikes a step."""

import dataclasses

from spaic_jax.coding.decoders.base import Population
from spaic_jax.program import Mean, Reduction


@dataclasses.dataclass(frozen=True)
class SpikeRate(Population):
    """`(mean over time, summed over a population, of O + bias) * scale`, shape `[B, num / pop_size]`.

    Source: SPAIC, `spike_rate`.

    >>> SpikeRate(pop_size=2).pop_size
    2
    """

    def reduction(self, dt: float) -> Reduction:
        return Mean()
