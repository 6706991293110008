"""Spikes a step."""

import dataclasses

from spaic_jax.coding.decoders.base import Population
from spaic_jax.program import Mean, Reduction


@dataclasses.dataclass(frozen=True)
class SpikeRate(Population):
    """`(mean over time, summed over a population, of O + bias) * scale`, shape `[B, num / pop_size]`.

    Args:
        pop_size: neurons of a population; populations follow each other.
        bias: added to each sum.
        scale: what each sum is then multiplied by.

    Source: SPAIC, `spike_rate`.

    >>> import jax.numpy as jnp
    >>> rates = jnp.array([[0.25, 0.5]])  # of one sample
    >>> SpikeRate.finish(rates, jnp.float32(0.25), jnp.float32(2.0), pop_size=2).tolist()
    [[2.0]]
    """

    def reduction(self, dt: float) -> Reduction:
        return Mean()
