"""Poisson spikes with a rate that changes."""

import dataclasses
from collections.abc import Iterable
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax._shapes import Array, Float, Int
from spaic_jax.coding.check import check_range
from spaic_jax.coding.generators.base import check_chance, each
from spaic_jax.coding.generators.poisson_hz import drawn, levels_of_chance
from spaic_jax.coding.generators.timed import After, Timed, row_at
from spaic_jax.coding.values import Value
from spaic_jax.program import Context, Site


def emit(
    key: jax.Array, on: Float[Array, "batch *shape"], step: Int[Array, ""], levels: Int[Array, "rows *neurons"],
    every: Int[Array, ""], weight: Float[Array, "..."], *, dt: float, after: After,
) -> Float[Array, "batch *shape"]:
    """The spikes of one step."""
    row, there = row_at(step, every, len(levels), after)
    spikes = drawn(key, on, levels[row][None]).astype(weight.dtype) * each(on, weight)
    return jnp.where(there, spikes, 0).astype(on.dtype)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class InhomogeneousPoisson(Timed):
    """Poisson spikes with a rate in Hz that changes: in each step one with probability `rate * dt / 1000`.

    Args:
        rate: Hz, a row for each interval: `[rows]` for all neurons alike, or `[rows, *shape]`. Row k holds from
            `k * interval` ms on, counted over all runs.
        weight: size of a spike, a number or one a neuron.
        interval: how long each row holds, ms; a whole number of steps.
        after: what comes after the last row: `"zero"` (no spikes), `"hold"` (its rate stays), or `"repeat"` (from the first
            row on).

    Raises:
        ValueError: when it is made, rates that are negative or not finite, an `interval` that is not positive, or an unknown
            `after`; when the network is lowered, rates of more than one spike a step, rows of another shape, or an
            `interval` that is no whole number of steps.

    >>> times = np.arange(0.0, 1000.0)  # 10 Hz that swing 4 times a second
    >>> InhomogeneousPoisson(rate=10.0 * (1.0 + np.sin(2 * np.pi * times / 250.0)), interval=1.0).after
    'zero'
    """

    emit: ClassVar = staticmethod(emit)
    random: ClassVar = True
    listed: ClassVar = "rate"
    rate: Value
    weight: Value = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range("InhomogeneousPoisson: rate", np.asarray(self.rate), "rates in Hz of at least 0", 0.0)

    def per_neuron(self) -> list[tuple[str, Value]]:
        return [("weight", self.weight)]

    def check(self, name: str, dt: float) -> None:
        check_chance(name, self.rate, dt / 1000, "dt, in seconds,")

    def numbers(self, site: Site, context: Context) -> Iterable[tuple[str, Value]]:
        chance = self.rows(site) * (context.dt / 1000)
        return [("levels", levels_of_chance(chance)[0]), *super().numbers(site, context)]
