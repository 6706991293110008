"""Current-based LIF with an adaptive threshold."""

import dataclasses
from types import SimpleNamespace
from typing import ClassVar

import jax
import jax.numpy as jnp

from spaic_jax.neurons.base import Parameter, SpikingModel, parameter
from spaic_jax.neurons.clif import check_differ, peak_gain


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class ACLIF(SpikingModel):
    """`CLIF` with a slow trace of its spikes that raises its threshold.

    $$ A_t = e^{-dt/\\tau_a} A_{t-1} + O_{t-1}, \\qquad V_t = M_t - S_t - (\\beta A_t + E_{t-1}) $$

    with `M`, `S`, `E` and `O` as in `CLIF`. The trace, the variable `Vth1`, stays when a run starts afresh.

    Args:
        tau_p, tau_q: decay and rise time constants of the input, ms; they must differ.
        tau_m: time constant of the reset trace, ms.
        tau_a: time constant of the adaptation, ms.
        beta_adaptive: `beta`, what a spike adds to the threshold.
        v_th: threshold; a spike needs `V > v_th`.
        surrogate: surrogate gradient of the threshold.

    Raises:
        ValueError: when `tau_p` equals `tau_q`.

    Source: SPAIC, `aclif`.

    >>> ACLIF().stay
    ('Vth1',)
    """

    initial: ClassVar = {"M": 0.0, "S": 0.0, "E": 0.0, "V": 0.0, "Vth1": 0.0, "O": 0.0}
    stay: ClassVar = ("Vth1",)
    tau_p: Parameter = parameter(12.0, positive=True)
    tau_q: Parameter = parameter(8.0, positive=True)
    tau_m: Parameter = parameter(20.0, positive=True)
    tau_a: Parameter = parameter(2000.0, positive=True)
    beta_adaptive: Parameter = parameter(0.1)
    v_th: Parameter = parameter(1.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_differ("ACLIF", tau_p=self.tau_p, tau_q=self.tau_q)

    def coefficients(self, p: SimpleNamespace, dt: float) -> dict[str, jax.Array]:
        decays = {f"decay_{name}": jnp.exp(-dt / getattr(p, f"tau_{name}")) for name in "pqma"}
        return decays | {"V0": peak_gain(p.tau_p, p.tau_q)}

    def step(self, p: SimpleNamespace, state: SimpleNamespace, current: jax.Array) -> dict[str, jax.Array]:
        drive = p.V0 * current
        m = p.decay_p * state.M + drive
        s = p.decay_q * state.S + drive
        a = p.decay_a * state.Vth1 + state.O
        v = (m - s) - (p.beta_adaptive * a + state.E)
        spikes = self.spike(v - p.v_th)
        return {"M": m, "S": s, "E": p.decay_m * state.E + p.v_th * spikes, "V": v, "Vth1": a, "O": spikes}
