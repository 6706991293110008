"""A synaptic current that decays exponentially."""

import dataclasses

import jax
import jax.numpy as jnp

from spaic_jax._shapes import PerNeuron
from spaic_jax.neurons.base import coefficient
from spaic_jax.neurons.fields import Parameter, parameter
from spaic_jax.neurons.state import variable
from spaic_jax.synapses.parts.base import Dynamics


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class FirstOrder(Dynamics):
    """A current that jumps by what comes in and decays exponentially.

    $$ R_t = e^{-dt/\\tau} R_{t-1} + I_t, \\qquad O_t = R_t $$

    Args:
        tau: time constant, ms; a number, or one a postsynaptic neuron.

    Source: SPAIC, `1_order_synapse`.

    >>> print(FirstOrder(tau=5.0).first_step(jnp.ones((1, 1)), dt=1.0).O)
    [[1.]]
    """

    class State(Dynamics.State):
        R: PerNeuron = variable(0.0)

    tau: Parameter = parameter(2.0, positive=True, bounds=(1e-3, None))

    @coefficient
    def decay(self) -> jax.Array:
        return jnp.exp(-self.dt / self.tau)

    def step(self, state: State, current: PerNeuron) -> State:
        r = self.decay * state.R + current
        return self.State(R=r, O=r)
