"""When a neuron fired first."""

import dataclasses
from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from spaic_jax.coding.decoders.base import Population
from spaic_jax.coding.steps import wide
from spaic_jax.program import Reduction


@dataclasses.dataclass(frozen=True)
class _FirstTime(Reduction):
    """The time at the end of the step of the first spike, ms; that of the end of the run where there is none."""

    leaves_out: ClassVar = True
    dt: float

    def init(self, value: jax.Array) -> Any:
        return jnp.zeros_like(wide(value)), jnp.zeros(value.shape, bool)

    def update(self, total: Any, values: jax.Array, positions: jax.Array, steps: int) -> Any:
        time, found = total
        values = wide(values)
        active = values > 0
        first = active.argmax(0, keepdims=True)
        spike = jnp.take_along_axis(values, first, axis=0)[0]
        end = (positions[first[0]] + 1).astype(values.dtype)
        # More of a spike in this step, and less in the next one, is an earlier spike.
        here = self.dt * (end - (spike - jax.lax.stop_gradient(spike)))
        new = active.any(0) & ~found
        return jnp.where(new, here, time), found | new

    def finish(self, total: Any, steps: int) -> jax.Array:
        time, found = total
        return jnp.where(found, time, self.dt * (steps if isinstance(steps, int) else steps.astype(time.dtype)))


@dataclasses.dataclass(frozen=True)
class FirstSpikeTime(Population):
    """`(t + bias) * scale` of the time `t` of a neuron's first spike, ms, `[B, num]`.

    `t` is the end of the spike's step, counted from the start of the run; a neuron that is silent has the duration of the
    run. `scale=-1` makes the neuron that fires first the one of the highest score, as `latency_cross_entropy` and
    measures of accuracy need it. Its derivative with respect to parameters is exact for groups with
    `surrogate="eventprop"`, and 0 where there is no spike.

    Of a population of `pop_size` neurons that follow each other the times add up.

    Source: Wunderlich and Pehle (2021); Mostafa (2018), time to first spike.

    >>> FirstSpikeTime(scale=-1.0).scale
    -1.0
    """

    def reduction(self, dt: float) -> Reduction:
        return _FirstTime(dt)
