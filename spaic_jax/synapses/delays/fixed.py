"""Fixed delays."""

import dataclasses
from typing import ClassVar

import jax
import jax.numpy as jnp

from spaic_jax.synapses.delays.base import ROUNDING, SynapticDelay, slots_of


def steps_of(delay: jax.Array, *, slots: int, dt: float) -> jax.Array:
    """The whole steps of delays, rounded down, as int32."""
    steps = delay / dt
    nearest = jnp.round(steps)
    # What is a whole number of steps but for rounding counts as one: 0.3 ms are three steps of 0.1 ms.
    near = jnp.abs(steps - nearest) <= ROUNDING * jnp.maximum(nearest, 1)
    return jnp.clip(jnp.where(near, nearest, jnp.floor(steps)), 0, slots - 1).astype("int32")


def whole_steps(delay: jax.Array, *, slots: int, dt: float) -> jax.Array:
    """All of a weight in the slot that a delay is rounded down to."""
    steps = steps_of(delay, slots=slots, dt=dt)
    return slots_of(steps, slots) == steps[None]


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class FixedDelay(SynapticDelay):
    """A fixed delay for each synapse, rounded down to whole steps.

    $$ I_i(t) = \\sum_j W_{ij}\\, s_j(t - \\lfloor d_{ij} / dt \\rfloor) $$

    A delay below one step is none. Synapses stored as pairs hand their spikes to a ring of `max_delay / dt + 1` steps, at the
    cost of those that fire; those of a matrix cost that many times what they do without delays.

    Args:
        value: `(post, pre)` array of ms, one number a synapse of pairs, an initial value, or `None` for U(min_delay, max_delay).
        min_delay: shortest delay that is drawn, ms, to which shorter ones are brought; by default 1 where no value is given, else
            0. A delay that must not be 0 is drawn as `FixedDelay(value=Normal(1.5, 0.75), min_delay=0.1, max_delay=5.0)`, or as
            `TruncatedNormal(1.5, 0.75, a=0.1)`, of which none gather at the shortest.
        max_delay: longest delay, ms, to which longer ones are cut; the longest of a given array by default.

    Raises:
        ValueError: a delay that is negative or no finite number, or no `max_delay` where delays are drawn.

    Source: SPAIC, `max_delay`; there 0 stands for the longest delay, here for none.

    >>> FixedDelay(value=[[2.0, 6.0]]).max_delay
    6.0
    """

    trained: ClassVar = False
    shares: ClassVar = staticmethod(whole_steps)
