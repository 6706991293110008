"""A leaky integrator of a double-exponential current."""

import dataclasses
from types import SimpleNamespace
from typing import ClassVar

import jax

from spaic_jax.neurons.base import NeuronModel, Parameter, parameter
from spaic_jax.neurons.double_exponential import TRACES, gains, traces
from spaic_jax.neurons.integrators import check_stable


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class NonSpikingLIF(NeuronModel):
    """Leaky integrator that never spikes, behind a rising and decaying current.

    $$ M_t = e^{-dt/\\tau_p} M_{t-1} + V_0 I_t, \\quad S_t = e^{-dt/\\tau_q} S_{t-1} + V_0 I_t, \\quad
       P_t = M_t - S_t, \\quad V_t = V_{t-1} + \\frac{dt}{\\tau_m} (P_t - V_{t-1}) $$

    It has no spikes `O`; decoders read its `V`. V0 is that of `CLIF`. `V` moves by forward Euler, of order 1.

    Args:
        tau_p, tau_q: decay and rise time constants of the input, ms.
        tau_m: membrane time constant, ms.
        V0: gain of the input, as in `CLIF`.
        compat: SPAIC's equations: every step of the chain, from input to `V`, reads what the one before it was in the
            step before, so that `V` follows the input three steps late.

    Raises:
        ValueError: at build, a dt of more than 2 `tau_m`.

    Source: SPAIC, `nonspikinglif`.

    >>> NonSpikingLIF().output
    'V'
    """

    initial: ClassVar = {**TRACES, "V": 0.0}
    shown: ClassVar = ("M",)
    output: ClassVar = "V"
    tau_p: Parameter = parameter(4.0, positive=True)
    tau_q: Parameter = parameter(1.0, positive=True)
    tau_m: Parameter = parameter(1.0, positive=True)
    V0: Parameter = parameter(None)
    compat: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.compat:
            object.__setattr__(self, "initial", {**TRACES, "V": 0.0, "I": 0.0, "Ilast": 0.0})

    def coefficients(self, p: SimpleNamespace, dt: float) -> dict[str, jax.Array]:
        return {"rate": dt / p.tau_m, **gains(p.tau_p, p.tau_q, dt, getattr(p, "V0", None))}

    def check_step(self, dt: float) -> None:
        check_stable("euler", dt, {"tau_m": self.tau_m})

    def step(self, p: SimpleNamespace, state: SimpleNamespace, current: jax.Array) -> dict[str, jax.Array]:
        new = traces(p, state.P, state.S, state.I if self.compat else p.V0 * current)
        late = {"I": p.V0 * state.Ilast, "Ilast": current} if self.compat else {}
        difference = state.P if self.compat else new["P"]
        return {**new, "V": p.rate * (difference - state.V) + state.V, **late}
