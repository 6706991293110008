"""Integrate-and-fire with a bias."""

import dataclasses
from typing import ClassVar

from spaic_jax._shapes import PerNeuron
from spaic_jax.neurons.base import NeuronModel
from spaic_jax.neurons.fields import Parameter, parameter
from spaic_jax.neurons.reset import ResettingModel
from spaic_jax.neurons.state import variable


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class IFB(ResettingModel):
    """Integrate-and-fire neuron with a bias.

    $$ v_t = V_{t-1} + (I_t + b), \\qquad O_t = H(v_t - v_{th}), \\qquad V_t = v_t (1 - O_t) + v_{reset} O_t $$

    Args:
        v_th: threshold; a spike needs `v > v_th`.
        v_reset: potential after a spike.
        bias: `b`, added to the input of every step.
        detach_reset: let no gradient pass the reset.
        surrogate: surrogate gradient of the threshold; it passes the reset too, unless it is detached.

    Source: SPAIC, `ifb`.

    >>> import jax.numpy as jnp
    >>> print(IFB(bias=0.1).first_step(jnp.array([[0.75, 1.5]]), dt=1.0).O)
    [[0. 1.]]
    """

    class State(ResettingModel.State):
        V: PerNeuron = variable(0.0)

    v_th: Parameter = parameter(1.0)
    v_reset: Parameter = parameter(0.0, below="v_th")
    bias: Parameter = parameter(0.0)

    def step(self, state: State, current: PerNeuron) -> State:
        v = state.V + (current + self.bias)
        spikes = self.spike(v - self.v_th)
        return self.State(V=self.replaced(v, spikes, self.v_reset), O=spikes)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class NonSpikingIFB(NeuronModel):
    """Integrator with a bias that never spikes: `V_t = V_{t-1} + (I_t + b)`.

    It has no spikes `O`; decoders read its `V`.

    Args:
        bias: `b`, added to the input of every step.

    Source: SPAIC, `nonspikingifb`.

    >>> import jax.numpy as jnp
    >>> print(NonSpikingIFB().first_step(jnp.ones((1, 1)), dt=1.0).V)
    [[1.]]
    """

    class State(NeuronModel.State):
        V: PerNeuron = variable(0.0)

    output: ClassVar = "V"
    bias: Parameter = parameter(0.0)

    def step(self, state: State, current: PerNeuron) -> State:
        return self.State(V=state.V + (current + self.bias))
