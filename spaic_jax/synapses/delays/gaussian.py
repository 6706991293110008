"""Trained delays, by a bell around each."""

import dataclasses
from typing import ClassVar

import jax
import jax.numpy as jnp

from spaic_jax.synapses.delays.base import SynapticDelay, slots_of


def bell(delay: jax.Array, sigma: jax.Array, *, slots: int, dt: float) -> jax.Array:
    """A weight in a bell around a delay."""
    apart = slots_of(delay, slots) - jnp.clip(delay / dt, 0, slots - 1)[None]
    # A softmax: however narrow the bell is, its sum is 1.
    return jax.nn.softmax(-((apart * dt / sigma) ** 2) / 2, axis=0)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class GaussianDelay(SynapticDelay):
    """A trained delay for each synapse: a spike arrives around it, in a bell of width `sigma` whose sum is the weight.

    $$ I_i(t) = \\sum_j W_{ij} \\sum_k \\frac{e^{-(k\\,dt - d_{ij})^2 / 2 \\sigma^2}}{\\sum_l e^{-(l\\,dt - d_{ij})^2 / 2 \\sigma^2}}\\, s_j(t - k) $$

    A wide bell finds delays that are far off; it is narrowed while the network is trained, with
    `sim.set(variables, {"synapses.sigma": 0.5})`, which compiles nothing anew.

    Args:
        value: `(post, pre)` array of ms, an initial value, or `None` for U(min_delay, max_delay).
        min_delay: shortest delay that is drawn, ms.
        max_delay: longest delay, ms; training keeps delays between 0 and it.
        sigma: width, ms.

    Raises:
        ValueError: a delay that is negative or no finite number, or a width that is not positive.

    Source: Hammouamri, Khalfaoui-Hassani and Masquelier, Learning delays in spiking neural networks (2024).

    >>> GaussianDelay(max_delay=6.0, sigma=2.0).sigma
    2.0
    """

    shares: ClassVar = staticmethod(bell)
    given: ClassVar = ("sigma",)
    sigma: float = 1.0
