"""Current-based LIF whose reset decays as slowly as its input."""

import dataclasses
from types import SimpleNamespace
from typing import ClassVar

import jax
import jax.numpy as jnp

from spaic_jax.neurons.base import Parameter, SpikingModel, parameter
from spaic_jax.neurons.clif import check_differ, peak_gain


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class CLIF2K(SpikingModel):
    """`CLIF` with two kernels only: the decay of the input and that of the reset share `tau_m`.

    $$ M_t = e^{-dt/\\tau_m} M_{t-1} + V_0 I_t, \\quad S_t = e^{-dt/\\tau_s} S_{t-1} + V_0 I_t, \\quad
       V_t = M_t - S_t - E_{t-1} $$
    $$ O_t = H(V_t - v_{th}), \\qquad E_t = e^{-dt/\\tau_m} E_{t-1} + v_{th} O_t $$

    Args:
        tau_m: decay time constant of the input and of the reset trace, ms.
        tau_s: rise time constant of the input, ms; it must differ from `tau_m`.
        v_th: threshold; a spike needs `V > v_th`.
        surrogate: surrogate gradient of the threshold.

    Raises:
        ValueError: when `tau_m` equals `tau_s`.

    Source: SPAIC, `clif2k`.

    >>> CLIF2K().tau_s
    12.0
    """

    initial: ClassVar = {"M": 0.0, "S": 0.0, "E": 0.0, "V": 0.0}
    tau_m: Parameter = parameter(20.0, positive=True)
    tau_s: Parameter = parameter(12.0, positive=True)
    v_th: Parameter = parameter(1.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_differ("CLIF2K", tau_m=self.tau_m, tau_s=self.tau_s)

    def coefficients(self, p: SimpleNamespace, dt: float) -> dict[str, jax.Array]:
        decays = {f"decay_{name}": jnp.exp(-dt / getattr(p, f"tau_{name}")) for name in "ms"}
        return decays | {"V0": peak_gain(p.tau_m, p.tau_s)}

    def step(self, p: SimpleNamespace, state: SimpleNamespace, current: jax.Array) -> dict[str, jax.Array]:
        drive = p.V0 * current
        m = p.decay_m * state.M + drive
        s = p.decay_s * state.S + drive
        v = (m - s) - state.E
        spikes = self.spike(v - p.v_th)
        return {"M": m, "S": s, "E": p.decay_m * state.E + p.v_th * spikes, "V": v, "O": spikes}
