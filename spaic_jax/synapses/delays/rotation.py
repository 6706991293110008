"""Trained delays, by phases that turn."""

import dataclasses
from typing import ClassVar

import jax
import jax.numpy as jnp

from spaic_jax.synapses.delays.base import SynapticDelay, slots_of


def met(delay: jax.Array, tau: jax.Array, rot_k: jax.Array, *, slots: int, dt: float) -> jax.Array:
    """A weight where a turning phase meets that of a delay."""
    place = slots_of(delay, slots)
    apart = place - jnp.clip(delay / dt, 0, slots - 1)[None]
    return jnp.exp(rot_k * (jnp.cos(jnp.pi * apart / slots) - 1) - place * dt / tau)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class RotationDelay(SynapticDelay):
    """A trained delay for each synapse: a spike starts a phase that turns, and arrives where the phase meets the delay's.

    $$ I_i(t) = \\sum_j W_{ij} \\sum_{k=0}^{L-1} e^{-k\\,dt/\\tau}\\,
       e^{\\kappa \\left( \\cos(\\pi (k - d_{ij}/dt) / L) - 1 \\right)} s_j(t - k) $$

    with half a turn in the `L` steps that the longest delay takes.

    Args:
        value: `(post, pre)` array of ms, an initial value, or `None` for U(min_delay, max_delay).
        min_delay: shortest delay that is drawn, ms.
        max_delay: longest delay, ms; training keeps delays between 0 and it.
        tau: time constant of the phasor's decay, ms.
        rot_k: how sharp the meeting is, the kappa above.

    Raises:
        ValueError: a delay that is negative or no finite number, or a `tau` or `rot_k` that is not positive.

    Source: SPAIC, `delay_complex_synapse`, whose names and defaults these are; here in closed form.

    >>> RotationDelay().rot_k
    6.0
    """

    shares: ClassVar = staticmethod(met)
    given: ClassVar = ("tau", "rot_k")
    min_delay: float | None = 0.0
    max_delay: float | None = 5.0
    tau: float = 10.0
    rot_k: float = 6.0
