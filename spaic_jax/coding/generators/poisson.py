"""Spikes with a probability a step."""

import dataclasses
from typing import ClassVar

import jax
import jax.numpy as jnp

from spaic_jax._numbers import real
from spaic_jax._shapes import Array, Float, Int
from spaic_jax.coding.generators.base import Generating, check_chance, each, within
from spaic_jax.coding.values import Value, keep


def emit(
    key: jax.Array, on: Float[Array, "batch *shape"], step: Int[Array, ""], rate: Float[Array, "..."],
    weight: Float[Array, "..."], unit_conversion: Float[Array, ""], first: Int[Array, ""], end: Int[Array, ""], *,
    dt: float,
) -> Float[Array, "batch *shape"]:
    """The spikes of one step, from the step `first` until before the step `end`."""
    spikes = jax.random.uniform(key, on.shape, rate.dtype) < each(on, rate) * unit_conversion
    return within(jnp.where(spikes, each(on, weight), 0), step, first, end).astype(on.dtype)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class PoissonGenerator(Generating):
    """A spike of size `weight` in each step with probability `rate * unit_conversion`, whatever the length of a step.

    Args:
        rate: a number, or one a neuron.
        weight: size of a spike.
        unit_conversion: probability for a rate of one.
        start_time, end_time: steps that begin within them, ms, may have spikes; no end when `None`.

    Raises:
        ValueError: when it is made, values that are not finite; when the network is lowered, rates that are negative or whose
            probability is above 1.

    Source: SPAIC, `poisson_generator`.

    >>> PoissonGenerator(rate=2.0).unit_conversion
    0.1
    """

    emit: ClassVar = staticmethod(emit)
    random: ClassVar = True
    rate: Value = 1.0
    weight: Value = 1.0
    unit_conversion: float = 0.1
    start_time: float = 0.0
    end_time: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        keep(self, unit_conversion=real(self.unit_conversion, "PoissonGenerator: unit_conversion", above=0))

    def check(self, name: str, dt: float) -> None:
        check_chance(name, self.rate, self.unit_conversion, "unit_conversion")
