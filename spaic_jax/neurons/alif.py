"""LIF with an adaptive threshold."""

import dataclasses

import jax
import jax.numpy as jnp

from spaic_jax._shapes import PerNeuron
from spaic_jax.neurons.base import coefficient
from spaic_jax.neurons.fields import Parameter, parameter
from spaic_jax.neurons.refractory import RefractoryModel
from spaic_jax.neurons.reset import Reset, check_reset
from spaic_jax.neurons.state import variable


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class ALIF(RefractoryModel):
    """Adaptive LIF neuron: every spike raises its threshold for a while.

    $$ A_t = e^{-dt/\\tau_a} A_{t-1} + O_{t-1}, \\qquad v_t = e^{-dt/\\tau_m} V_{t-1} + I_t $$
    $$ O_t = H(v_t - (v_{th} + \\beta A_t)), \\qquad V_t = \\mathrm{reset}(v_t, O_t) $$

    Args:
        tau_m, tau_a: time constants of the membrane and of the threshold, ms.
        beta: what a spike adds to the threshold.
        v_th: threshold at rest.
        v_reset: potential after a hard reset.
        t_ref: refractory period, ms: see `RefractoryModel`.
        reset: `"hard"`, `"soft"` (subtract `v_th - v_reset`) or `"none"`.
        detach_reset: let no gradient pass a soft reset; it passes the adaptation.
        surrogate: surrogate gradient of the threshold.

    Source: Bellec et al., Long short-term memory in networks of spiking neurons (2018); A solution to the learning
    dilemma (2020), whose notation this is.

    >>> print(ALIF(tau_a=500.0).first_step(jnp.array([[0.75, 1.5]]), dt=1.0).O)
    [[0. 1.]]
    """

    class State(RefractoryModel.State):
        V: PerNeuron = variable(0.0)
        A: PerNeuron = variable(0.0)
        O: PerNeuron = variable(0.0)

    tau_m: Parameter = parameter(20.0, positive=True)
    tau_a: Parameter = parameter(200.0, positive=True)
    beta: Parameter = parameter(0.1)
    v_th: Parameter = parameter(1.0)
    v_reset: Parameter = parameter(0.0, below="v_th")
    reset: Reset = "soft"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_reset("ALIF", self.reset)

    @coefficient
    def decay_m(self) -> jax.Array:
        return jnp.exp(-self.dt / self.tau_m)

    @coefficient
    def decay_a(self) -> jax.Array:
        return jnp.exp(-self.dt / self.tau_a)

    def step(self, state: State, current: PerNeuron) -> State:
        a = self.decay_a * state.A + state.O
        v = self.free(state, self.decay_m * state.V + current, state.V)
        spikes, refrac = self.fire(state, v - (self.v_th + self.beta * a))
        return self.State(V=self.reset_by(self.reset, v, spikes, self.v_th, self.v_reset), A=a, O=spikes, refrac=refrac)
