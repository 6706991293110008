"""One spike an input, the earlier the larger the input."""

import dataclasses
from collections.abc import Sequence
from typing import ClassVar

import jax
import jax.numpy as jnp

from spaic_jax.coding.encoders.base import Coding, CodingStep
from spaic_jax.program import Op
from spaic_jax.program.variable import Axes


@dataclasses.dataclass(frozen=True)
class Latency(Coding):
    """One spike at step `floor(max_scale * (T - 1) * (1 - s))`, with `s` the input scaled to [0, 1].

    T is the number of steps of the run. As in SPAIC the smallest and largest value of the **whole batch** become 0
    and 1, and an input of 0 fires last. A batch whose values are all equal fires last.

    Args:
        max_scale: fraction of the run within which spikes fall, in (0, 1].
        cut_off: drop spikes of inputs of at most 5 % of their sample's largest value.

    Source: SPAIC, `latency`.

    >>> Latency(max_scale=0.5).max_scale
    0.5
    """

    axes: ClassVar[Axes] = "held"
    max_scale: float = 1.0
    cut_off: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.max_scale <= 1:
            raise ValueError(f"Latency: max_scale must lie in (0, 1], got {self.max_scale!r}.")

    def lower(self, source: str, target: str) -> Sequence[Op]:
        return [
            Op(f"{target}.at", CodingStep(self, "spike_step"), (source, "[window]")),
            Op(target, CodingStep(self, "spikes"), (source, f"{target}.at", "[position]")),
        ]

    def spike_step(self, x: jax.Array, window: jax.Array) -> jax.Array:
        """The step of each input's spike; -1 for none."""
        span = x.max() - x.min()
        scaled = jnp.where(span > 0, (x - x.min()) / jnp.where(span > 0, span, 1), 0)
        step = jnp.floor(self.max_scale * (window - 1).astype(x.dtype) * (1 - scaled)).astype(jnp.int32)
        if not self.cut_off:
            return step
        largest = x.max(axis=tuple(range(1, x.ndim)), keepdims=True)
        return jnp.where(x <= 0.05 * largest, -1, step)

    def spikes(self, x: jax.Array, step: jax.Array, position: jax.Array) -> jax.Array:
        """The spikes of one step."""
        return (step == position).astype(x.dtype)
