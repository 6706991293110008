"""A leaky integrator of a double-exponential current."""

import dataclasses
from types import SimpleNamespace
from typing import ClassVar

import jax
import jax.numpy as jnp

from spaic_jax.neurons.base import NeuronModel, Parameter, parameter
from spaic_jax.neurons.clif import check_differ, peak_gain


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class NonSpikingLIF(NeuronModel):
    """Leaky integrator that never spikes, behind a rising and decaying current.

    $$ M_t = e^{-dt/\\tau_p} M_{t-1} + V_0 I_t, \\quad S_t = e^{-dt/\\tau_q} S_{t-1} + V_0 I_t, \\quad
       V_t = V_{t-1} + \\frac{dt}{\\tau_m} (M_t - S_t - V_{t-1}) $$

    It has no spikes `O`; decoders read its `V`. V0 is that of `CLIF`.

    Args:
        tau_p, tau_q: decay and rise time constants of the input, ms; they must differ.
        tau_m: membrane time constant, ms.
        compat: SPAIC's equations: every step of the chain, from input to `V`, reads what the one before it was in the
            step before, so that `V` follows the input three steps late.

    Raises:
        ValueError: when `tau_p` equals `tau_q`.

    Source: SPAIC, `nonspikinglif`.

    >>> NonSpikingLIF().output
    'V'
    """

    initial: ClassVar = {"M": 0.0, "S": 0.0, "V": 0.0}
    output: ClassVar = "V"
    tau_p: Parameter = parameter(4.0, positive=True)
    tau_q: Parameter = parameter(1.0, positive=True)
    tau_m: Parameter = parameter(1.0, positive=True)
    compat: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        check_differ("NonSpikingLIF", tau_p=self.tau_p, tau_q=self.tau_q)
        if self.compat:
            object.__setattr__(self, "initial", {"M": 0.0, "S": 0.0, "V": 0.0, "I": 0.0, "Ilast": 0.0})

    def coefficients(self, p: SimpleNamespace, dt: float) -> dict[str, jax.Array]:
        return {
            "decay_p": jnp.exp(-dt / p.tau_p), "decay_q": jnp.exp(-dt / p.tau_q), "rate": dt / p.tau_m,
            "V0": peak_gain(p.tau_p, p.tau_q),
        }

    def step(self, p: SimpleNamespace, state: SimpleNamespace, current: jax.Array) -> dict[str, jax.Array]:
        drive = state.I if self.compat else p.V0 * current
        m = p.decay_p * state.M + drive
        s = p.decay_q * state.S + drive
        if self.compat:
            v = p.rate * ((state.M - state.S) - state.V) + state.V
            return {"M": m, "S": s, "V": v, "I": p.V0 * state.Ilast, "Ilast": current}
        return {"M": m, "S": s, "V": p.rate * ((m - s) - state.V) + state.V}
