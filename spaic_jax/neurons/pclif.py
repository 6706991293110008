"""Current-based LIF whose decay factors are its parameters."""

import dataclasses
from types import SimpleNamespace
from typing import ClassVar

import jax

from spaic_jax.neurons.base import Parameter, parameter
from spaic_jax.neurons.reset import ResettingModel


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

    >>> PCLIF(tau_m=0.95).tau_m
    0.95
    """

    initial: ClassVar = {"M": 0.0, "S": 0.0, "E": 0.0, "V": 0.0, "O": 0.0}
    tau_m: Parameter = parameter(0.9, bounds=(0.0, 1.0))
    tau_s: Parameter = parameter(0.6, bounds=(0.0, 1.0))
    v_th: Parameter = parameter(1.0)

    def step(self, p: SimpleNamespace, state: SimpleNamespace, current: jax.Array) -> dict[str, jax.Array]:
        m = p.tau_m * (state.M + current)
        s = p.tau_s * (state.S + current)
        e = p.tau_m * state.E + p.v_th * self.gate(state.O)
        v = (m - s) - e
        return {"M": m, "S": s, "E": e, "V": v, "O": self.spike(v - p.v_th)}
