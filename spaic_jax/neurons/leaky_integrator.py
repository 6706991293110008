"""A leaky integrator that never spikes, for readouts."""

import dataclasses
from typing import ClassVar, get_args

import jax
import jax.numpy as jnp

from spaic_jax._shapes import PerNeuron
from spaic_jax.neurons.base import NeuronModel, coefficient
from spaic_jax.neurons.fields import Parameter, parameter
from spaic_jax.neurons.integrators import LeakIntegrator, check_integrator, check_stable, share_of_way
from spaic_jax.neurons.state import variable


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class LeakyIntegrator(NeuronModel):
    """Non-spiking leaky integrator, the usual readout of networks trained on the membrane potential.

    $$ V_t = v_{rest} + e^{-dt/\\tau_m} (V_{t-1} - v_{rest}) + g I_t $$

    The input is added whole, as in `lif`. With `held=True` it is held for the step, as in `constantcurrentlif`, whose potential
    below the threshold this one is:

    $$ \\tau_m V' = v_{rest} - V + g I $$

    It has no spikes `O`; decoders read its `V`.

    Args:
        tau_m: time constant, ms.
        gain: g, by which the input is multiplied.
        v_rest: potential of rest, where `V` begins.
        held: whether the input is held for the step.
        integrator: of the leak, and of an input that is held: `"exact"`, or `"euler"`, of order 1.

    Raises:
        ValueError: at build, a dt of more than 2 `tau_m` with `"euler"`.

    Source: Neftci, Mostafa and Zenke, Surrogate gradient learning (2019), the readout layer.

    >>> print(LeakyIntegrator(tau_m=20.0).first_step(jnp.ones((1, 1)), dt=1.0).V)
    [[1.]]
    >>> print(LeakyIntegrator(tau_m=20.0, held=True, integrator="euler").first_step(jnp.ones((1, 1)), dt=1.0).V)
    [[0.05]]
    """

    class State(NeuronModel.State):
        V: PerNeuron = variable("v_rest")

    output: ClassVar = "V"
    tau_m: Parameter = parameter(8.0, positive=True)
    gain: Parameter = parameter(1.0)
    v_rest: Parameter = parameter(0.0)
    held: bool = False
    integrator: LeakIntegrator = "exact"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_integrator("LeakyIntegrator", self.integrator, get_args(LeakIntegrator))

    @coefficient
    def decay(self) -> jax.Array:
        return jnp.exp(-self.dt / self.tau_m) if self.integrator == "exact" else 1 - self.rate

    @coefficient
    def rate(self) -> jax.Array:
        return share_of_way(self.integrator, self.dt, self.tau_m)

    def check_step(self, dt: float) -> None:
        check_stable(self.integrator, dt, {"tau_m": self.tau_m})

    def step(self, state: State, current: PerNeuron) -> State:
        if self.held:
            return self.State(V=self.rate * (self.v_rest + self.gain * current - state.V) + state.V)
        return self.State(V=self.decay * (state.V - self.v_rest) + (self.gain * current + self.v_rest))
