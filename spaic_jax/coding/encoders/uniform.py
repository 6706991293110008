"""Spikes at even distances, the closer the larger the input."""

import dataclasses
from collections.abc import Sequence
from typing import ClassVar

import jax
import jax.numpy as jnp

from spaic_jax.coding.encoders.base import Coding, CodingStep
from spaic_jax.program import Op
from spaic_jax.program.variable import Axes


@dataclasses.dataclass(frozen=True)
class Uniform(Coding):
    """A spike at the end of every `p` steps, `p = ceil(amp * max_time * (bias + max - x) / ((bias + max - min) * dt))`.

    The largest and smallest value are those of the **whole batch**, as in SPAIC, and the smallest input never fires
    within ten times `max_time`.

    Args:
        amp: factor of all periods.
        max_time: the longest period, ms; the length of the run when `None`.
        bias: keeps the shortest period above zero.

    Source: SPAIC, `uniform`.

    >>> Uniform(max_time=6.0).max_time
    6.0
    """

    axes: ClassVar[Axes] = "held"
    amp: float = 1.0
    max_time: float | None = None
    bias: float = 0.05

    def __post_init__(self) -> None:
        for name in ("amp", "max_time", "bias"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"Uniform: {name} must be positive, got {value!r}.")

    def lower(self, source: str, target: str) -> Sequence[Op]:
        return [
            Op(f"{target}.period", CodingStep(self, "period"), (source, "[window]", "[dt]")),
            Op(target, CodingStep(self, "spikes"), (source, f"{target}.period", "[position]")),
        ]

    def period(self, x: jax.Array, window: jax.Array, dt: jax.Array) -> jax.Array:
        """The steps between two spikes of each input."""
        longest = window.astype(x.dtype) if self.max_time is None else self.max_time / dt
        span = self.bias + x.max() - x.min()
        period = jnp.ceil(self.amp * longest * (self.bias + x.max() - x) / span)
        return (period + jnp.where(x == x.min(), 10 * longest, 0)).astype(jnp.int32)

    def spikes(self, x: jax.Array, period: jax.Array, position: jax.Array) -> jax.Array:
        """The spikes of one step."""
        return ((position + 1) % jnp.maximum(period, 1) == 0).astype(x.dtype)
