"""A current-based LIF with spike times within the step."""

import dataclasses
from types import SimpleNamespace
from typing import ClassVar

import jax
import jax.numpy as jnp

from spaic_jax.neurons.base import Parameter, SpikingModel, parameter
from spaic_jax.neurons.clif import check_differ, peak_gain
from spaic_jax.neurons.selif import time_since


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class SLIF(SpikingModel):
    """Current-based LIF neuron whose spikes have a time within the step and reset its slow trace.

    $$ M_t = e^{-dt/\\tau_m} M_{t-1} + V_0 I_t - 5 v_{th} (O_{t-1} - T_{t-1} / \\tau_m), \\quad
       S_t = e^{-dt/\\tau_q} S_{t-1} + V_0 I_t $$
    $$ V_t = M_t - S_t, \\quad D_t = \\delta_q S_t - \\delta_m M_t, \\quad
       \\delta_x = (1 - dt / (2 \\tau_x)) / \\tau_x, \\quad O_t = H(V_t - v_{th}) $$

    `T` is the time since the crossing of the threshold, `(V - v_th) / D` within the step. V0 is that of `CLIF`, with
    `tau_p` and `tau_q`. Only a tenth of the gradient passes the reset, as SPAIC has it.

    SPAIC's `slif` cannot be built: it takes `O` and `T` from a learner that was never released. `T` is defined here.

    Args:
        tau_m: time constant of the slow trace and of what a reset takes from it, ms.
        tau_p, tau_q: decay and rise time constants that set the gain V0, `tau_q` also that of the fast trace, ms; they
            must differ.
        v_th: threshold; a spike needs `V > v_th`.
        surrogate: surrogate gradient of the threshold.

    Raises:
        ValueError: when `tau_p` equals `tau_q`.

    Source: SPAIC, `slif`.

    >>> SLIF().tau_p
    20.0
    """

    initial: ClassVar = {"M": 0.0, "S": 0.0, "V": 0.0, "T": 0.0, "O": 0.0}
    tau_m: Parameter = parameter(20.0, positive=True)
    tau_p: Parameter = parameter(20.0, positive=True)
    tau_q: Parameter = parameter(8.0, positive=True)
    v_th: Parameter = parameter(1.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_differ("SLIF", tau_p=self.tau_p, tau_q=self.tau_q)

    def coefficients(self, p: SimpleNamespace, dt: float) -> dict[str, jax.Array]:
        return {
            "decay_m": jnp.exp(-dt / p.tau_m), "decay_q": jnp.exp(-dt / p.tau_q), "V0": peak_gain(p.tau_p, p.tau_q),
            "slope_m": (1 - dt / (2 * p.tau_m)) / p.tau_m, "slope_q": (1 - dt / (2 * p.tau_q)) / p.tau_q,
        }

    def step(self, p: SimpleNamespace, state: SimpleNamespace, current: jax.Array) -> dict[str, jax.Array]:
        drive = p.V0 * current
        reset = state.O - state.T / p.tau_m
        reset = 0.1 * reset + 0.9 * jax.lax.stop_gradient(reset)
        m = p.decay_m * state.M + drive - 5 * p.v_th * reset
        s = p.decay_q * state.S + drive
        v = m - s
        spikes = self.spike(v - p.v_th)
        since = time_since(v, s * p.slope_q - m * p.slope_m, p.v_th, spikes, p.dt)
        return {"M": m, "S": s, "V": v, "T": since, "O": spikes}
