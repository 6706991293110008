"""Trained delays, by linear interpolation."""

import dataclasses
from typing import ClassVar

import jax
import jax.numpy as jnp

from spaic_jax.synapses.delays.base import SynapticDelay, slots_of


def interpolated(delay: jax.Array, *, slots: int, dt: float) -> jax.Array:
    """A weight in the two slots next to a delay."""
    steps = jnp.clip(delay / dt, 0, slots - 1)
    return jnp.maximum(1 - jnp.abs(steps[None] - slots_of(delay, slots)), 0)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class LinearDelay(SynapticDelay):
    """A trained delay for each synapse: a spike arrives in the two nearest steps, by linear interpolation.

    $$ I_i(t) = \\sum_j W_{ij} \\sum_k \\max(0, 1 - |d_{ij} / dt - k|)\\, s_j(t - k) $$

    Args:
        value: `(post, pre)` array of ms, an initial value, or `None` for U(min_delay, max_delay).
        min_delay: shortest delay that is drawn, ms.
        max_delay: longest delay, ms; training keeps delays between 0 and it.

    Raises:
        ValueError: a delay that is negative or no finite number, or no `max_delay`.

    Source: linear interpolation of dilated convolutions with learnable spacings: Khalfaoui-Hassani, Pellegrini and
    Masquelier (2023).

    >>> LinearDelay(max_delay=6.0).trained
    True
    """

    shares: ClassVar = staticmethod(interpolated)
