"""A synaptic current that rises and decays: the difference of two exponentials."""

import dataclasses

import jax
import jax.numpy as jnp

from spaic_jax._shapes import PerNeuron
from spaic_jax.neurons.base import coefficient
from spaic_jax.neurons.fields import Parameter, parameter
from spaic_jax.neurons.state import variable
from spaic_jax.synapses.parts.base import Dynamics


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class SecondOrder(Dynamics):
    """A current that rises with `tau_d` and decays with `tau_r`.

    $$ R_t = e^{-dt/\\tau_r} R_{t-1} + I_t, \\quad D_t = e^{-dt/\\tau_d} D_{t-1} + I_t, \\qquad O_t = R_t - D_t $$

    Args:
        tau_r: the longer time constant, ms.
        tau_d: the shorter one, ms; SPAIC's names.

    Source: SPAIC, `2_order_synapse`.

    >>> print(SecondOrder(tau_r=10.0).first_step(jnp.ones((1, 1)), dt=1.0).R)
    [[1.]]
    """

    class State(Dynamics.State):
        R: PerNeuron = variable(0.0)
        D: PerNeuron = variable(0.0)

    tau_r: Parameter = parameter(9.0, positive=True, bounds=(1e-3, None))
    tau_d: Parameter = parameter(2.0, positive=True, bounds=(1e-3, None))

    @coefficient
    def decay_r(self) -> jax.Array:
        return jnp.exp(-self.dt / self.tau_r)

    @coefficient
    def decay_d(self) -> jax.Array:
        return jnp.exp(-self.dt / self.tau_d)

    def step(self, state: State, current: PerNeuron) -> State:
        r = self.decay_r * state.R + current
        d = self.decay_d * state.D + current
        return self.State(R=r, D=d, O=r - d)
