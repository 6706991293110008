"""A current-based LIF with spike times within the step."""

import dataclasses
from types import SimpleNamespace
from typing import ClassVar

import jax

from spaic_jax.neurons.base import Parameter, parameter
from spaic_jax.neurons.double_exponential import excess, gains, traces
from spaic_jax.neurons.reset import ResettingModel
from spaic_jax.neurons.selif import time_since


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

    >>> SLIF().tau_q
    8.0
    """

    initial: ClassVar = {"S": 0.0, "V": 0.0, "T": 0.0, "O": 0.0}
    shown: ClassVar = ("M",)
    tau_m: Parameter = parameter(20.0, positive=True)
    tau_q: Parameter = parameter(8.0, positive=True)
    v_th: Parameter = parameter(1.0)

    def coefficients(self, p: SimpleNamespace, dt: float) -> dict[str, jax.Array]:
        # D = (delta_q - delta_m) S - delta_m V: as a whole, without the difference of two large traces.
        apart = excess(p.tau_m, p.tau_q) / p.tau_m
        return {
            **gains(p.tau_m, p.tau_q, dt),
            "slope_s": apart * (1 - dt / 2 * (1 / p.tau_m + 1 / p.tau_q)), "slope_v": (1 - dt / (2 * p.tau_m)) / p.tau_m,
        }

    def step(self, p: SimpleNamespace, state: SimpleNamespace, current: jax.Array) -> dict[str, jax.Array]:
        reset = state.O - state.T / p.tau_m
        reset = self.gate(0.1 * reset + 0.9 * jax.lax.stop_gradient(reset))
        new = traces(p, state.V, state.S, p.V0 * current)
        taken = 5 * p.v_th * reset
        m, s, v = new["M"] - taken, new["S"], new["P"] - taken
        spikes = self.spike(v - p.v_th)
        since = time_since(v, p.slope_s * s - p.slope_v * v, p.v_th, spikes, p.dt)
        return {"M": m, "S": s, "V": v, "T": since, "O": spikes}
