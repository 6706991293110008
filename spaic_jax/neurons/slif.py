"""A current-based LIF with spike times within the step."""

import dataclasses

import jax

from spaic_jax._shapes import PerNeuron
from spaic_jax.neurons.base import coefficient
from spaic_jax.neurons.double_exponential import Gains, excess, gains, traces
from spaic_jax.neurons.fields import Parameter, parameter
from spaic_jax.neurons.reset import ResettingModel
from spaic_jax.neurons.selif import time_since
from spaic_jax.neurons.state import shown, variable


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class SLIF(ResettingModel):
    """Current-based LIF neuron whose spikes have a time within the step and reset its slow trace.

    $$ M_t = e^{-dt/\\tau_m} M_{t-1} + V_0 I_t - 5 v_{th} (O_{t-1} - T_{t-1} / \\tau_m), \\quad
       S_t = e^{-dt/\\tau_q} S_{t-1} + V_0 I_t $$
    $$ V_t = M_t - S_t, \\quad D_t = \\delta_q S_t - \\delta_m M_t, \\quad
       \\delta_x = (1 - dt / (2 \\tau_x)) / \\tau_x, \\quad O_t = H(V_t - v_{th}) $$

    `T` is the time since the crossing of the threshold, `(V - v_th) / D` within the step. V0 is that of `CLIF`, with
    `tau_m` and `tau_q`. Only a tenth of the gradient passes the reset, as SPAIC has it.

    SPAIC's `slif` cannot be built: it takes `O` and `T` from a learner that was never released. `T` is defined here.

    Args:
        tau_m: time constant of the slow trace and of what a reset takes from it, ms.
        tau_q: time constant of the fast trace, ms.
        v_th: threshold; a spike needs `V > v_th`.
        detach_reset: let no gradient pass the reset.
        surrogate: surrogate gradient of the threshold.

    Source: SPAIC, `slif`, whose `tau_p` nothing reads.

    >>> import jax.numpy as jnp
    >>> round(float(SLIF().first_step(jnp.ones((1, 1)), dt=1.0).M[0, 0]), 3)
    3.07
    """

    class State(ResettingModel.State):
        S: PerNeuron = variable(0.0)
        V: PerNeuron = variable(0.0)
        T: PerNeuron = variable(0.0)
        O: PerNeuron = variable(0.0)
        M: PerNeuron = shown()

    tau_m: Parameter = parameter(20.0, positive=True)
    tau_q: Parameter = parameter(8.0, positive=True)
    v_th: Parameter = parameter(1.0)

    @coefficient
    def gains(self) -> Gains:
        return gains(self.tau_m, self.tau_q, self.dt)

    # D = (delta_q - delta_m) S - delta_m V: as a whole, without the difference of two large traces.
    @coefficient
    def slope_s(self) -> jax.Array:
        apart = excess(self.tau_m, self.tau_q) / self.tau_m
        return apart * (1 - self.dt / 2 * (1 / self.tau_m + 1 / self.tau_q))

    @coefficient
    def slope_v(self) -> jax.Array:
        return (1 - self.dt / (2 * self.tau_m)) / self.tau_m

    def step(self, state: State, current: PerNeuron) -> State:
        reset = state.O - state.T / self.tau_m
        reset = self.gate(0.1 * reset + 0.9 * jax.lax.stop_gradient(reset))
        m, s, v = traces(self.gains, state.V, state.S, self.gains.V0 * current)
        taken = 5 * self.v_th * reset
        m, v = m - taken, v - taken
        spikes = self.spike(v - self.v_th)
        since = time_since(v, self.slope_s * s - self.slope_v * v, self.v_th, spikes, self.dt)
        return self.State(M=m, S=s, V=v, T=since, O=spikes)
