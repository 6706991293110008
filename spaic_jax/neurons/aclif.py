"""Current-based LIF with an adaptive threshold."""

import dataclasses

import jax
import jax.numpy as jnp

from spaic_jax._shapes import PerNeuron
from spaic_jax.neurons.base import coefficient
from spaic_jax.neurons.double_exponential import Gains, gains, traces
from spaic_jax.neurons.fields import OptionalParameter, Parameter, parameter
from spaic_jax.neurons.reset import ResettingModel
from spaic_jax.neurons.state import shown, variable


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class ACLIF(ResettingModel):
    """`CLIF` with a slow trace of its spikes that raises its threshold.

    $$ A_t = e^{-dt/\\tau_a} A_{t-1} + O_{t-1}, \\qquad V_t = P_t - (\\beta A_t + E_{t-1}) $$

    with `M`, `S`, `P`, `E` and `O` as in `CLIF`. The trace, the variable `Vth1`, stays when a run starts afresh.

    Args:
        tau_p, tau_q: decay and rise time constants of the input, ms.
        tau_m: time constant of the reset trace, ms.
        tau_a: time constant of the adaptation, ms.
        beta_adaptive: `beta`, what a spike adds to the threshold.
        v_th: threshold; a spike needs `V > v_th`.
        V0: gain of the input, as in `CLIF`.
        detach_reset: let no gradient pass the reset trace; it passes the adaptation.
        surrogate: surrogate gradient of the threshold.

    Source: SPAIC, `aclif`.

    >>> ACLIF().states()["Vth1"].stay
    True
    """

    class State(ResettingModel.State):
        S: PerNeuron = variable(0.0)
        P: PerNeuron = variable(0.0)
        E: PerNeuron = variable(0.0)
        V: PerNeuron = variable(0.0)
        Vth1: PerNeuron = variable(0.0, stay=True, exact=True)
        O: PerNeuron = variable(0.0)
        M: PerNeuron = shown()

    tau_p: Parameter = parameter(12.0, positive=True)
    tau_q: Parameter = parameter(8.0, positive=True)
    tau_m: Parameter = parameter(20.0, positive=True)
    tau_a: Parameter = parameter(2000.0, positive=True)
    beta_adaptive: Parameter = parameter(0.1)
    v_th: Parameter = parameter(1.0)
    V0: OptionalParameter = parameter(None)

    @coefficient
    def decay_m(self) -> jax.Array:
        return jnp.exp(-self.dt / self.tau_m)

    @coefficient
    def decay_a(self) -> jax.Array:
        return jnp.exp(-self.dt / self.tau_a)

    @coefficient
    def gains(self) -> Gains:
        return gains(self.tau_p, self.tau_q, self.dt, self.V0)

    def step(self, state: State, current: PerNeuron) -> State:
        m, s, potential = traces(self.gains, state.P, state.S, self.gains.V0 * current)
        a = self.decay_a * state.Vth1 + state.O
        v = potential - (self.beta_adaptive * a + state.E)
        spikes = self.spike(v - self.v_th)
        e = self.decay_m * state.E + self.v_th * self.gate(spikes)
        return self.State(M=m, S=s, P=potential, E=e, V=v, Vth1=a, O=spikes)
