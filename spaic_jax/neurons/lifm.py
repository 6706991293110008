"""LIF with a synaptic current."""

import dataclasses

import jax
import jax.numpy as jnp

from spaic_jax._shapes import PerNeuron
from spaic_jax.neurons.base import coefficient
from spaic_jax.neurons.fields import Parameter, parameter
from spaic_jax.neurons.refractory import RefractoryModel
from spaic_jax.neurons.state import variable


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class LIFM(RefractoryModel):
    """Leaky integrate-and-fire neuron whose input decays exponentially.

    $$ i_t = e^{-dt/\\tau_p} i_{t-1} + I_t, \\qquad v_t = e^{-dt/\\tau_m} V_{t-1} + i_t $$
    $$ O_t = H(v_t - v_{th}), \\qquad V_t = v_t (1 - O_t) + v_{reset} O_t $$

    The synaptic current `i` is the variable `I`.

    Args:
        tau_m: membrane time constant, ms.
        tau_p: time constant of the synaptic current, ms.
        v_th: threshold; a spike needs `v > v_th`.
        v_reset: potential after a spike.
        t_ref: refractory period, ms: see `RefractoryModel`.
        detach_reset: let no gradient pass the reset.
        surrogate: surrogate gradient of the threshold; it passes the reset too, unless it is detached.

    Source: SPAIC, `lifm`.

    >>> print(LIFM(tau_p=2.0).first_step(jnp.array([[0.75, 1.5]]), dt=1.0).O)
    [[0. 1.]]
    """

    class State(RefractoryModel.State):
        V: PerNeuron = variable(0.0)
        I: PerNeuron = variable(0.0)

    tau_m: Parameter = parameter(10.0, positive=True)
    tau_p: Parameter = parameter(1.0, positive=True)
    v_th: Parameter = parameter(1.0)
    v_reset: Parameter = parameter(0.0, below="v_th")

    @coefficient
    def decay_m(self) -> jax.Array:
        return jnp.exp(-self.dt / self.tau_m)

    @coefficient
    def decay_p(self) -> jax.Array:
        return jnp.exp(-self.dt / self.tau_p)

    def step(self, state: State, current: PerNeuron) -> State:
        i = self.decay_p * state.I + current
        v = self.free(state, self.decay_m * state.V + i, state.V)
        spikes, refrac = self.fire(state, v - self.v_th)
        return self.State(V=self.replaced(v, spikes, self.v_reset), I=i, O=spikes, refrac=refrac)
