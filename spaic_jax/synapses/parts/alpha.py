"""A synaptic current in the form of an alpha function."""

import dataclasses
from types import SimpleNamespace
from typing import ClassVar

import jax
import jax.numpy as jnp

from spaic_jax.neurons.base import Parameter, parameter
from spaic_jax.synapses.parts.base import Dynamics


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Alpha(Dynamics):
    """A current that rises from 0 to what came in, `tau` later, and decays: exact at every step.

    $$ O(t) = I_0 \\frac{t}{\\tau} e^{1 - t/\\tau} $$

    Args:
        tau: time to the peak, ms; a number, or one a postsynaptic neuron.

    Source: Rall, Distinguishing theoretical synaptic potentials (1967); the propagator is that of Rotter and Diesmann
    (1999).

    >>> Alpha(tau=3.0).tau
    3.0
    """

    initial: ClassVar = {"x": 0.0, "y": 0.0}
    tau: Parameter = parameter(2.0, positive=True, bounds=(1e-3, None))

    def coefficients(self, p: SimpleNamespace, dt: float) -> dict[str, jax.Array]:
        return {"decay": jnp.exp(-dt / p.tau), "share": jnp.exp(-dt / p.tau) * dt / p.tau}

    def step(self, p: SimpleNamespace, state: SimpleNamespace, current: jax.Array) -> dict[str, jax.Array]:
        y = p.decay * state.y + p.share * state.x
        return {"x": p.decay * state.x + current, "y": y, "O": jnp.e * y}
