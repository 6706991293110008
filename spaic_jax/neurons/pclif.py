"""Current-based LIF whose decay factors are its parameters."""

import dataclasses

from spaic_jax._shapes import PerNeuron
from spaic_jax.neurons.fields import Parameter, parameter
from spaic_jax.neurons.reset import ResettingModel
from spaic_jax.neurons.state import variable


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class PCLIF(ResettingModel):
    """Parametric current-based LIF: the decays a step are given, and trained, themselves.

    $$ M_t = a (M_{t-1} + I_t), \\quad S_t = b (S_{t-1} + I_t), \\quad E_t = a E_{t-1} + v_{th} O_{t-1} $$
    $$ V_t = M_t - S_t - E_t, \\qquad O_t = H(V_t - v_{th}) $$

    Args:
        tau_m: `a`, a factor a step and no time constant, in spite of SPAIC's name; trained within 0 to 1.
        tau_s: `b`, likewise.
        v_th: threshold; a spike needs `V > v_th`.
        detach_reset: let no gradient pass the reset.
        surrogate: surrogate gradient of the threshold.

    Source: SPAIC, `pclif`.

    >>> import jax.numpy as jnp
    >>> print(PCLIF(tau_m=0.95).first_step(jnp.array([[1.5, 3.0]]), dt=1.0).O)
    [[0. 1.]]
    """

    class State(ResettingModel.State):
        M: PerNeuron = variable(0.0)
        S: PerNeuron = variable(0.0)
        E: PerNeuron = variable(0.0)
        V: PerNeuron = variable(0.0)
        O: PerNeuron = variable(0.0)

    tau_m: Parameter = parameter(0.9, bounds=(0.0, 1.0))
    tau_s: Parameter = parameter(0.6, bounds=(0.0, 1.0))
    v_th: Parameter = parameter(1.0)

    def step(self, state: State, current: PerNeuron) -> State:
        m = self.tau_m * (state.M + current)
        s = self.tau_s * (state.S + current)
        e = self.tau_m * state.E + self.v_th * self.gate(state.O)
        v = (m - s) - e
        return self.State(M=m, S=s, E=e, V=v, O=self.spike(v - self.v_th))
