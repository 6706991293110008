"""Spikes at even distances, the closer the larger the input."""

import dataclasses
from typing import ClassVar

import jax.numpy as jnp

from spaic_jax._numbers import real
from spaic_jax._shapes import Array, Float, Int, Shaped
from spaic_jax.coding.encoders.base import Coding
from spaic_jax.coding.steps import floored, wide
from spaic_jax.coding.values import keep, names
from spaic_jax.program import Context, Fragment, Op, Site
from spaic_jax.program.variable import Axes


def spike_period(
    x: Shaped[Array, "batch *shape"], amp: Float[Array, ""], bias: Float[Array, ""], longest: Shaped[Array, ""]
) -> Shaped[Array, "batch *shape"]:
    """The steps between two spikes of each input, where the longest period has `longest` steps."""
    x = wide(x)
    longest = longest.astype(x.dtype)
    span = bias + x.max() - x.min()
    period = amp * longest * (bias + x.max() - x) / span
    return (-floored(-period) + jnp.where(x == x.min(), 10 * longest, 0)).astype(jnp.int32)


def periodic(
    x: Shaped[Array, "batch *shape"], period: Shaped[Array, "batch *shape"], position: Int[Array, ""]
) -> Shaped[Array, "batch *shape"]:
    """The spikes of one step."""
    return ((position + 1) % jnp.maximum(period, 1) == 0).astype(x.dtype)


@dataclasses.dataclass(frozen=True)
class Uniform(Coding):
    """A spike at the end of every `p` steps, `p = ceil(amp * max_time * (bias + max - x) / ((bias + max - min) * dt))`.

    Steps are counted from the start of the presentation. The largest and smallest value are those of the **whole batch**,
    as in SPAIC, and the smallest input never fires within ten times `max_time`.

    Args:
        amp: factor of all periods.
        max_time: the longest period, ms; the length of the presentation when `None`.
        bias: keeps the shortest period above zero.

    Source: SPAIC, `uniform`.

    >>> Uniform(max_time=6.0).max_time
    6.0
    """

    axes: ClassVar[Axes] = "held"
    values: ClassVar = ("amp", "bias")
    amp: float = 1.0
    max_time: float | None = None
    bias: float = 0.05

    def __post_init__(self) -> None:
        for name in ("amp", "max_time", "bias"):
            if getattr(self, name) is not None:
                keep(self, **{name: real(getattr(self, name), f"Uniform: {name}", above=0)})

    def lower(self, site: Site, context: Context) -> Fragment:
        longest = () if self.max_time is None else [("longest", self.max_time / context.dt)]
        variables, period = self.constants(site, longest), f"{site.target}.period"
        reads = names(variables) if longest else (*names(variables), "[window]")
        return Fragment(
            variables,
            (
                Op(period, spike_period, (site.source, *reads)),
                Op(site.target, periodic, (site.source, period, "[position]")),
            ),
        )
