"""A leaky integrator that never spikes, for readouts."""

import dataclasses
from typing import ClassVar

import jax
import jax.numpy as jnp

from spaic_jax._shapes import PerNeuron
from spaic_jax.neurons.base import NeuronModel, coefficient
from spaic_jax.neurons.fields import Parameter, parameter
from spaic_jax.neurons.state import variable


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class LeakyIntegrator(NeuronModel):
    """Non-spiking leaky integrator, the usual readout of networks trained on the membrane potential.

    $$ V_t = e^{-dt/\\tau_m} V_{t-1} + g I_t $$

    It has no spikes `O`; decoders read its `V`.

    Args:
        tau_m: time constant, ms.
        gain: g, by which the input is multiplied.

    Source: Neftci, Mostafa and Zenke, Surrogate gradient learning (2019), the readout layer.

    >>> print(LeakyIntegrator(tau_m=20.0).first_step(jnp.ones((1, 1)), dt=1.0).V)
    [[1.]]
    """

    class State(NeuronModel.State):
        V: PerNeuron = variable(0.0)

    output: ClassVar = "V"
    tau_m: Parameter = parameter(8.0, positive=True)
    gain: Parameter = parameter(1.0)

    @coefficient
    def decay(self) -> jax.Array:
        return jnp.exp(-self.dt / self.tau_m)

    def step(self, state: State, current: PerNeuron) -> State:
        return self.State(V=self.decay * state.V + self.gain * current)
