"""Spikes counted over the run."""

import dataclasses

from spaic_jax.coding.decoders.base import Population
from spaic_jax.program import Reduction, Sum


@dataclasses.dataclass(frozen=True)
class SpikeCounts(Population):
    """`(sum over time and population of O + bias) * scale`, shape `[B, num / pop_size]`.

    Args:
        pop_size: neurons of a population; populations follow each other.
        bias: added to each sum.
        scale: what each sum is then multiplied by.

    Source: SPAIC, `spike_counts`.

    >>> import jax.numpy as jnp
    >>> counts = jnp.array([[1.0, 2.0, 3.0, 4.0]])  # of one sample
    >>> SpikeCounts.finish(counts, jnp.float32(0.0), jnp.float32(0.5), pop_size=2).tolist()
    [[1.5, 3.5]]
    """

    def reduction(self, dt: float) -> Reduction:
        return Sum()
