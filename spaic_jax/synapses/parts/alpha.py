"""A synaptic current in the form of an alpha function."""

import dataclasses

import jax
import jax.numpy as jnp

from spaic_jax._shapes import PerNeuron
from spaic_jax.neurons.base import coefficient
from spaic_jax.neurons.fields import Parameter, parameter
from spaic_jax.neurons.state import variable
from spaic_jax.synapses.parts.base import Dynamics


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Alpha(Dynamics):
    """A current that rises from 0 to what came in, `tau` later, and decays: exact at every step.

    $$ O(t) = I_0 \\frac{t}{\\tau} e^{1 - t/\\tau} $$

    Args:
        tau: time to the peak, ms; a number, or one a postsynaptic neuron.

    Source: Rall, Distinguishing theoretical synaptic potentials (1967); the propagator is that of Rotter and Diesmann
    (1999).

    >>> print(Alpha(tau=3.0).first_step(jnp.ones((1, 1)), dt=1.0).x)
    [[1.]]
    """

    class State(Dynamics.State):
        x: PerNeuron = variable(0.0)
        y: PerNeuron = variable(0.0)

    tau: Parameter = parameter(2.0, positive=True, bounds=(1e-3, None))

    @coefficient
    def decay(self) -> jax.Array:
        return jnp.exp(-self.dt / self.tau)

    @coefficient
    def share(self) -> jax.Array:
        return self.decay * self.dt / self.tau

    def step(self, state: State, current: PerNeuron) -> State:
        y = self.decay * state.y + self.share * state.x
        return self.State(x=self.decay * state.x + current, y=y, O=jnp.e * y)
