"""Poisson spikes."""

import dataclasses
from typing import ClassVar

import jax
import jax.numpy as jnp

from spaic_jax._numbers import real
from spaic_jax._shapes import AnyArray, Array, Float, Int, Shaped
from spaic_jax.coding.check import check_range
from spaic_jax.coding.encoders.base import Coding
from spaic_jax.coding.steps import ceil_step, floor_step, wide
from spaic_jax.coding.values import NEVER, keep, names
from spaic_jax.program import Context, Fragment, Op, Site


def draw(
    key: jax.Array, rate: Shaped[Array, "batch *shape"], position: Int[Array, ""], unit_conversion: Float[Array, ""],
    first: Int[Array, ""], last: Int[Array, ""], *, dt: float,
) -> Shaped[Array, "batch *shape"]:
    """The spikes of one step: independent, from the step `first` to the step `last`."""
    probability = wide(rate) * (unit_conversion * dt)
    probability = jnp.where((position >= first) & (position <= last), probability, 0)
    return (jax.random.uniform(key, rate.shape, probability.dtype) < probability).astype(rate.dtype)


@dataclasses.dataclass(frozen=True)
class Poisson(Coding):
    """An independent spike in each step with probability `x * unit_conversion * dt`.

    The input is a rate held for the run, `[B, *shape]`, or one that changes, `[T, B, *shape]`. SPAIC compares `u <= p`,
    which lets a rate of zero fire once in 2^23 draws; here `u < p`. Under `jax.jit`, where data cannot be looked at,
    probabilities above one give a spike in every step, negative ones none.

    Args:
        unit_conversion: spikes a ms for an input of one.
        start_time, end_time: spikes fall into steps that end within these times of the presentation, ms; both ends count.
            No limit when `None`.

    Raises:
        ValueError: settings that do not fit; at a run, rates that are negative or NaN, or whose probability is above 1.

    Source: SPAIC, `poisson`.

    >>> Poisson(unit_conversion=0.5).unit_conversion
    0.5
    """

    values: ClassVar = ("unit_conversion",)
    unit_conversion: float = 1.0
    start_time: float | None = None
    end_time: float | None = None

    def __post_init__(self) -> None:
        keep(self, unit_conversion=real(self.unit_conversion, "Poisson: unit_conversion", above=0))
        for name in ("start_time", "end_time"):
            if getattr(self, name) is not None:
                keep(self, **{name: real(getattr(self, name), f"Poisson: {name}")})
        if None not in (self.start_time, self.end_time) and not self.start_time <= self.end_time:  # type: ignore[operator]
            raise ValueError(f"Poisson: start_time must not exceed end_time, got {self.start_time} and {self.end_time}.")

    def check_input(self, what: str, x: AnyArray, dt: float, steps: int | None) -> None:
        chance = self.unit_conversion * dt
        needed = f"rates from 0 to {1 / chance:g}, as one of 1 is a spike with probability {chance:g} in each step of {dt:g} ms"
        # A probability of one may come out a little above it.
        check_range(what, x, needed, 0.0, (1 + 1e-6) / chance)

    def lower(self, site: Site, context: Context) -> Fragment:
        # A step ends where the next one begins.
        first = 0 if self.start_time is None else ceil_step(self.start_time, context.dt) - 1
        last = NEVER if self.end_time is None else floor_step(self.end_time, context.dt) - 1
        variables = self.constants(site, [("first", first), ("last", last)])
        reads = (site.source, "[position]", *names(variables))
        return Fragment(variables, (Op(site.target, draw, reads, random=True, settings={"dt": context.dt}),))
