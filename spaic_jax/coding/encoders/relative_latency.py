"""One spike an input, the earlier the larger the input beside the largest of its sample."""

import dataclasses
from collections.abc import Sequence
from typing import ClassVar

import jax
import jax.numpy as jnp

from spaic_jax.coding.encoders.base import Coding, CodingStep
from spaic_jax.program import Op
from spaic_jax.program.variable import Axes


@dataclasses.dataclass(frozen=True)
class RelativeLatency(Coding):
    """One spike at step `floor(l)`, with `l = (T - 1) * scale * (exp(-amp * x) - min(exp(-amp * x)))`.

    T is the number of steps of the run, the minimum is that of the sample: its largest input fires first. An input
    whose step is not below 0.8 of its sample's largest `l` does not fire.

    Args:
        amp: steepness.
        scale: fraction of the run within which spikes fall, in (0, 1].

    Source: SPAIC, `relative_latency`.

    >>> RelativeLatency(amp=3.0).amp
    3.0
    """

    axes: ClassVar[Axes] = "held"
    amp: float = 1.0
    scale: float = 0.9999999

    def __post_init__(self) -> None:
        if not self.amp > 0:
            raise ValueError(f"RelativeLatency: amp must be positive, got {self.amp!r}.")
        if not 0 < self.scale <= 1:
            raise ValueError(f"RelativeLatency: scale must lie in (0, 1], got {self.scale!r}.")

    def lower(self, source: str, target: str) -> Sequence[Op]:
        return [
            Op(f"{target}.at", CodingStep(self, "spike_step"), (source, "[window]")),
            Op(target, CodingStep(self, "spikes"), (source, f"{target}.at", "[position]")),
        ]

    def spike_step(self, x: jax.Array, window: jax.Array) -> jax.Array:
        """The step of each input's spike; -1 for none."""
        late = jnp.exp(-self.amp * x)
        sample = tuple(range(1, x.ndim))
        latency = (window - 1).astype(x.dtype) * self.scale * (late - late.min(sample, keepdims=True))
        step = jnp.floor(latency)
        return jnp.where(step < 0.8 * latency.max(sample, keepdims=True), step, -1).astype(jnp.int32)

    def spikes(self, x: jax.Array, step: jax.Array, position: jax.Array) -> jax.Array:
        """The spikes of one step."""
        return (step == position).astype(x.dtype)
