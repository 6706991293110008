"""Poisson spikes."""

import dataclasses
import math
from collections.abc import Sequence

import jax
import jax.numpy as jnp

from spaic_jax.coding.encoders.base import Coding, CodingStep
from spaic_jax.program import Op


@dataclasses.dataclass(frozen=True)
class Poisson(Coding):
    """An independent spike in each step with probability `x * unit_conversion * dt`.

    The input is a rate held for the run, `[B, *shape]`, or one that changes, `[T, B, *shape]`. Probabilities above one
    give a spike in every step, negative ones none. SPAIC compares `u <= p`, which lets a rate of zero fire once in
    2^23 draws; here `u < p`.

    Args:
        unit_conversion: spikes a ms for an input of one.
        start_time, end_time: spikes fall into steps that end within these times of the run, ms; both ends count. No
            limit when `None`.

    Source: SPAIC, `poisson`.

    >>> Poisson(unit_conversion=0.5).unit_conversion
    0.5
    """

    unit_conversion: float = 1.0
    start_time: float | None = None
    end_time: float | None = None

    def __post_init__(self) -> None:
        if not self.unit_conversion > 0:
            raise ValueError(f"Poisson: unit_conversion must be positive, got {self.unit_conversion!r}.")
        if None not in (self.start_time, self.end_time) and not self.start_time <= self.end_time:  # type: ignore[operator]
            raise ValueError(f"Poisson: start_time must not exceed end_time, got {self.start_time} and {self.end_time}.")

    def lower(self, source: str, target: str) -> Sequence[Op]:
        windowed = (self.start_time, self.end_time) != (None, None)
        reads = (source, "[dt]", "[position]") if windowed else (source, "[dt]")
        return [Op(target, CodingStep(self, "draw"), reads, random=True)]

    def draw(self, key: jax.Array, rate: jax.Array, dt: jax.Array, position: jax.Array | None = None) -> jax.Array:
        """The spikes of one step."""
        probability = rate * (self.unit_conversion * dt)
        if position is not None:
            end = (position + 1).astype(dt.dtype) * dt
            slack = 1e-3 * dt  # a time is a whole number of steps but for rounding
            low = -math.inf if self.start_time is None else self.start_time
            high = math.inf if self.end_time is None else self.end_time
            probability = jnp.where((end >= low - slack) & (end <= high + slack), probability, 0)
        return (jax.random.uniform(key, rate.shape, rate.dtype) < probability).astype(rate.dtype)
