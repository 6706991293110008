"""LIF with an adaptation current, for training."""

import dataclasses

import jax
import jax.numpy as jnp

from spaic_jax._shapes import PerNeuron
from spaic_jax.neurons.base import coefficient
from spaic_jax.neurons.fields import Parameter, parameter
from spaic_jax.neurons.reset import ResettingModel
from spaic_jax.neurons.state import variable


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class AdLIF(ResettingModel):
    """Adaptive LIF neuron with subthreshold and spike-triggered adaptation.

    $$ w_t = \\beta w_{t-1} + a V_{t-1} + b\\, O_{t-1}, \\qquad
       V_t = \\alpha (V_{t-1} - v_{th} O_{t-1}) + (1 - \\alpha) (I_t - w_t), \\qquad O_t = H(V_t - v_{th}) $$

    with alpha = exp(-dt/tau_u) and beta = exp(-dt/tau_w). `V` is reset in the next step.

    Trained parameters stay in the ranges of the paper, which are those of its factors at 1 ms, unless the group's
    `varible_ranges` say otherwise: `tau_u` in 5 to 25 ms, `tau_w` in 30 to 120 ms, `a` in -1 to 1, `b` in 0 to 2.

    Args:
        tau_u, tau_w: time constants of the membrane and of the adaptation, ms.
        a: coupling of the adaptation to the potential.
        b: what a spike adds to the adaptation.
        v_th: threshold; a spike needs `V > v_th`.
        detach_reset: let no gradient pass the reset; it passes the adaptation.
        surrogate: surrogate gradient of the threshold.

    Source: Bittar and Garner, A surrogate gradient spiking baseline for speech command recognition (2022).

    >>> AdLIF(a=0.0).bounds("b", dt=0.5, trained=["b"])
    (0.0, 2.0)
    """

    class State(ResettingModel.State):
        V: PerNeuron = variable(0.0)
        w: PerNeuron = variable(0.0)
        O: PerNeuron = variable(0.0)

    tau_u: Parameter = parameter(10.0, positive=True, bounds=(5.0, 25.0))
    tau_w: Parameter = parameter(60.0, positive=True, bounds=(30.0, 120.0))
    a: Parameter = parameter(0.0, bounds=(-1.0, 1.0))
    b: Parameter = parameter(1.0, bounds=(0.0, 2.0))
    v_th: Parameter = parameter(1.0)

    @coefficient
    def alpha(self) -> jax.Array:
        return jnp.exp(-self.dt / self.tau_u)

    @coefficient
    def beta(self) -> jax.Array:
        return jnp.exp(-self.dt / self.tau_w)

    def step(self, state: State, current: PerNeuron) -> State:
        w = self.beta * state.w + self.a * state.V + self.b * state.O
        v = self.alpha * (state.V - self.v_th * self.gate(state.O)) + (1 - self.alpha) * (current - w)
        return self.State(V=v, w=w, O=self.spike(v - self.v_th))
