"""LIF with an adaptive threshold."""

import dataclasses
from types import SimpleNamespace
from typing import ClassVar

import jax
import jax.numpy as jnp

from spaic_jax.neurons.base import Parameter, parameter
from spaic_jax.neurons.refractory import RefractoryModel
from spaic_jax.neurons.reset import Reset, check_reset


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class ALIF(RefractoryModel):
    """Adaptive LIF neuron: every spike raises its threshold for a while.

    $$ A_t = e^{-dt/\\tau_a} A_{t-1} + O_{t-1}, \\qquad v_t = e^{-dt/\\tau_m} V_{t-1} + I_t $$
    $$ O_t = H(v_t - (v_{th} + \\beta A_t)), \\qquad V_t = \\mathrm{reset}(v_t, O_t) $$

    Args:
        tau_m, tau_a: time constants of the membrane and of the threshold, ms.
        beta: what a spike adds to the threshold.
        v_th: threshold at rest.
        v_reset: potential after a hard reset.
        t_ref: refractory period, ms: see `RefractoryModel`.
        reset: `"hard"`, `"soft"` (subtract `v_th - v_reset`) or `"none"`.
        detach_reset: let no gradient pass a soft reset; it passes the adaptation.
        surrogate: surrogate gradient of the threshold.

    Source: Bellec et al., Long short-term memory in networks of spiking neurons (2018); A solution to the learning
    dilemma (2020), whose notation this is.

    >>> ALIF(tau_a=500.0).reset
    'soft'
    """

    initial: ClassVar = {"V": 0.0, "A": 0.0, "O": 0.0}
    tau_m: Parameter = parameter(20.0, positive=True)
    tau_a: Parameter = parameter(200.0, positive=True)
    beta: Parameter = parameter(0.1)
    v_th: Parameter = parameter(1.0)
    v_reset: Parameter = parameter(0.0, below="v_th")
    reset: Reset = "soft"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_reset("ALIF", self.reset)

    def coefficients(self, p: SimpleNamespace, dt: float) -> dict[str, jax.Array]:
        return {"decay_m": jnp.exp(-dt / p.tau_m), "decay_a": jnp.exp(-dt / p.tau_a)}

    def step(self, p: SimpleNamespace, state: SimpleNamespace, current: jax.Array) -> dict[str, jax.Array]:
        a = p.decay_a * state.A + state.O
        v = self.free(p, state, p.decay_m * state.V + current, state.V)
        fired = self.fire(p, state, v - (p.v_th + p.beta * a))
        return {"V": self.reset_by(self.reset, v, fired["O"], p.v_th, p.v_reset), "A": a, **fired}
