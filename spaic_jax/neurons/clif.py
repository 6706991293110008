"""Current-based leaky integrate-and-fire with two synaptic traces and a reset trace."""

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
class CLIF(ResettingModel):
    """Current-based LIF neuron.

    $$ M_t = e^{-dt/\\tau_p} M_{t-1} + V_0 I_t, \\quad S_t = e^{-dt/\\tau_q} S_{t-1} + V_0 I_t, \\quad
       P_t = M_t - S_t, \\quad V_t = P_t - E_{t-1} $$
    $$ O_t = H(V_t - v_{th}), \\qquad E_t = e^{-dt/\\tau_m} E_{t-1} + v_{th} O_t $$

    `V` itself is never reset: the reset trace `E` lowers it from the next step on. With beta = tau_p/tau_q,
    V0 = beta^(beta/(beta-1)) / (beta-1) makes the peak of a unit input's potential 1, whatever the time constants: where
    they meet, the response of `P` is `e t/tau exp(-t/tau)`. There V0 itself, and with it `M` and `S`, would be infinite: they
    are held at what they are for a beta 0.001 away.

    Args:
        tau_p, tau_q: decay and rise time constants of the input, ms.
        tau_m: time constant of the reset trace, ms.
        v_th: threshold; a spike needs `V > v_th`.
        V0: gain of the input; follows from `tau_p` and `tau_q` when `None`. Only a gain that is given can be trained.
        detach_reset: let no gradient pass the reset trace.
        surrogate: surrogate gradient of the threshold.

    Source: SPAIC, `clif`; Gu et al., STCA (IJCAI 2019).

    >>> round(float(CLIF(tau_m=10.0).first_step(jnp.ones((1, 1)), dt=1.0).M[0, 0]), 3)
    6.75
    """

    class State(ResettingModel.State):
        S: PerNeuron = variable(0.0)
        P: PerNeuron = variable(0.0)
        E: PerNeuron = variable(0.0)
        V: PerNeuron = variable(0.0)
        M: PerNeuron = shown()

    tau_p: Parameter = parameter(12.0, positive=True)
    tau_q: Parameter = parameter(8.0, positive=True)
    tau_m: Parameter = parameter(20.0, positive=True)
    v_th: Parameter = parameter(1.0)
    V0: OptionalParameter = parameter(None)

    @coefficient
    def decay_m(self) -> jax.Array:
        return jnp.exp(-self.dt / self.tau_m)

    @coefficient
    def gains(self) -> Gains:
        return gains(self.tau_p, self.tau_q, self.dt, self.V0)

    def step(self, state: State, current: PerNeuron) -> State:
        m, s, potential = traces(self.gains, state.P, state.S, self.gains.V0 * current)
        v = potential - state.E
        spikes = self.spike(v - self.v_th)
        e = self.decay_m * state.E + self.v_th * self.gate(spikes)
        return self.State(M=m, S=s, P=potential, E=e, V=v, O=spikes)
