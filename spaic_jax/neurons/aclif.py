"""Current-based LIF with an adaptive threshold."""

import dataclasses
from types import SimpleNamespace
from typing import ClassVar

import jax
import jax.numpy as jnp

from spaic_jax.neurons.base import Parameter, parameter
from spaic_jax.neurons.double_exponential import TRACES, gains, traces
from spaic_jax.neurons.reset import ResettingModel


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

    >>> ACLIF().stay
    ('Vth1',)
    """

    initial: ClassVar = {**TRACES, "E": 0.0, "V": 0.0, "Vth1": 0.0, "O": 0.0}
    shown: ClassVar = ("M",)
    stay: ClassVar = ("Vth1",)
    exact: ClassVar = ("Vth1",)
    tau_p: Parameter = parameter(12.0, positive=True)
    tau_q: Parameter = parameter(8.0, positive=True)
    tau_m: Parameter = parameter(20.0, positive=True)
    tau_a: Parameter = parameter(2000.0, positive=True)
    beta_adaptive: Parameter = parameter(0.1)
    v_th: Parameter = parameter(1.0)
    V0: Parameter = parameter(None)

    def coefficients(self, p: SimpleNamespace, dt: float) -> dict[str, jax.Array]:
        decays = {f"decay_{name}": jnp.exp(-dt / getattr(p, f"tau_{name}")) for name in "ma"}
        return decays | gains(p.tau_p, p.tau_q, dt, getattr(p, "V0", None))

    def step(self, p: SimpleNamespace, state: SimpleNamespace, current: jax.Array) -> dict[str, jax.Array]:
        new = traces(p, state.P, state.S, p.V0 * current)
        a = p.decay_a * state.Vth1 + state.O
        v = new["P"] - (p.beta_adaptive * a + state.E)
        spikes = self.spike(v - p.v_th)
        return {**new, "E": p.decay_m * state.E + p.v_th * self.gate(spikes), "V": v, "Vth1": a, "O": spikes}
