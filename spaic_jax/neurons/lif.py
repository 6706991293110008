"""Leaky integrate-and-fire."""

import dataclasses
from types import SimpleNamespace
from typing import ClassVar

import jax
import jax.numpy as jnp

from spaic_jax.neurons.base import Parameter, parameter
from spaic_jax.neurons.refractory import RefractoryModel
from spaic_jax.neurons.reset import Reset, check_reset


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class LIF(RefractoryModel):
    """Leaky integrate-and-fire neuron.

    $$ v_t = e^{-dt/\\tau_m} V_{t-1} + I_t, \\qquad O_t = H(v_t - v_{th}), \\qquad V_t = \\mathrm{reset}(v_t, O_t) $$

    The input is added whole (no factor 1 - e^{-dt/tau}), as in SPAIC's `lif`. SPAIC ignores `v_reset`; here it holds.

    Args:
        tau_m: membrane time constant, ms.
        v_th: threshold, in units of `V`; a spike needs `v > v_th`.
        v_reset: potential after a hard reset.
        t_ref: refractory period, ms: see `RefractoryModel`.
        reset: `"hard"`, `"soft"` (subtract `v_th - v_reset`) or `"none"`.
        detach_reset: let no gradient pass a soft reset.
        surrogate: surrogate gradient of the threshold.

    Source: SPAIC, `lif`; Gerstner et al., Neuronal Dynamics (2014), section 1.3.

    >>> LIF(tau_m=20.0, reset="soft").tau_m
    20.0
    """

    initial: ClassVar = {"V": 0.0}
    tau_m: Parameter = parameter(8.0, positive=True)
    v_th: Parameter = parameter(1.0)
    v_reset: Parameter = parameter(0.0, below="v_th")
    reset: Reset = "hard"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_reset("LIF", self.reset)

    def coefficients(self, p: SimpleNamespace, dt: float) -> dict[str, jax.Array]:
        return {"decay": jnp.exp(-dt / p.tau_m)}

    def step(self, p: SimpleNamespace, state: SimpleNamespace, current: jax.Array) -> dict[str, jax.Array]:
        v = self.free(p, state, p.decay * state.V + current, state.V)
        fired = self.fire(p, state, v - p.v_th)
        return {"V": self.reset_by(self.reset, v, fired["O"], p.v_th, p.v_reset), **fired}
