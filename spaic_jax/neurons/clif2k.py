"""Current-based LIF whose reset decays as slowly as its input."""

import dataclasses

from spaic_jax._shapes import PerNeuron
from spaic_jax.neurons.base import coefficient
from spaic_jax.neurons.double_exponential import Gains, gains, traces
from spaic_jax.neurons.fields import OptionalParameter, Parameter, parameter
from spaic_jax.neurons.reset import ResettingModel
from spaic_jax.neurons.state import shown, variable


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class CLIF2K(ResettingModel):
    """`CLIF` with two kernels only: the decay of the input and that of the reset share `tau_m`.

    $$ M_t = e^{-dt/\\tau_m} M_{t-1} + V_0 I_t, \\quad S_t = e^{-dt/\\tau_s} S_{t-1} + V_0 I_t, \\quad
       P_t = M_t - S_t, \\quad V_t = P_t - E_{t-1} $$
    $$ O_t = H(V_t - v_{th}), \\qquad E_t = e^{-dt/\\tau_m} E_{t-1} + v_{th} O_t $$

    Args:
        tau_m: decay time constant of the input and of the reset trace, ms.
        tau_s: rise time constant of the input, ms.
        v_th: threshold; a spike needs `V > v_th`.
        V0: gain of the input, as in `CLIF`, of `tau_m` and `tau_s`.
        detach_reset: let no gradient pass the reset trace.
        surrogate: surrogate gradient of the threshold.

    Source: SPAIC, `clif2k`.

    >>> import jax.numpy as jnp
    >>> round(float(CLIF2K().first_step(jnp.ones((1, 1)), dt=1.0).M[0, 0]), 3)
    5.379
    """

    class State(ResettingModel.State):
        S: PerNeuron = variable(0.0)
        P: PerNeuron = variable(0.0)
        E: PerNeuron = variable(0.0)
        V: PerNeuron = variable(0.0)
        M: PerNeuron = shown()

    tau_m: Parameter = parameter(20.0, positive=True)
    tau_s: Parameter = parameter(12.0, positive=True)
    v_th: Parameter = parameter(1.0)
    V0: OptionalParameter = parameter(None)

    @coefficient
    def gains(self) -> Gains:
        return gains(self.tau_m, self.tau_s, self.dt, self.V0)

    def step(self, state: State, current: PerNeuron) -> State:
        m, s, potential = traces(self.gains, state.P, state.S, self.gains.V0 * current)
        v = potential - state.E
        spikes = self.spike(v - self.v_th)
        e = self.gains.slow * state.E + self.v_th * self.gate(spikes)
        return self.State(M=m, S=s, P=potential, E=e, V=v, O=spikes)
