"""Current-based LIF whose reset decays as slowly as its input."""

import dataclasses
from types import SimpleNamespace
from typing import ClassVar

import jax

from spaic_jax.neurons.base import Parameter, parameter
from spaic_jax.neurons.double_exponential import TRACES, gains, traces
from spaic_jax.neurons.reset import ResettingModel


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

    >>> CLIF2K().tau_s
    12.0
    """

    initial: ClassVar = {**TRACES, "E": 0.0, "V": 0.0}
    shown: ClassVar = ("M",)
    tau_m: Parameter = parameter(20.0, positive=True)
    tau_s: Parameter = parameter(12.0, positive=True)
    v_th: Parameter = parameter(1.0)
    V0: Parameter = parameter(None)

    def coefficients(self, p: SimpleNamespace, dt: float) -> dict[str, jax.Array]:
        return gains(p.tau_m, p.tau_s, dt, getattr(p, "V0", None))

    def step(self, p: SimpleNamespace, state: SimpleNamespace, current: jax.Array) -> dict[str, jax.Array]:
        new = traces(p, state.P, state.S, p.V0 * current)
        v = new["P"] - state.E
        spikes = self.spike(v - p.v_th)
        return {**new, "E": p.slow * state.E + p.v_th * self.gate(spikes), "V": v, "O": spikes}
