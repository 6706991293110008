"""Current-based LIF with a decaying synaptic current."""

import dataclasses
from types import SimpleNamespace
from typing import ClassVar, Literal

import jax
import jax.numpy as jnp

from spaic_jax._errors import unknown
from spaic_jax.neurons.base import Parameter, parameter
from spaic_jax.neurons.integrators import check_integrator, phi
from spaic_jax.neurons.refractory import RefractoryModel
from spaic_jax.neurons.reset import Reset, apply_reset, check_reset

ORDERS = ("input_first", "voltage_first")


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class CubaLIF(RefractoryModel):
    """Current-based LIF neuron: a jump of the synaptic current for every spike that comes in.

    $$ \\tau_m V' = -(V - v_{rest}) + R I, \\qquad \\tau_s I' = -I, \\qquad I \\leftarrow I + I_{syn} $$

    Args:
        tau_m, tau_s: time constants of the membrane and of the synaptic current, ms.
        v_rest: potential of rest.
        v_th: threshold; a spike needs `v > v_th`.
        v_reset: potential after a hard reset.
        R: resistance.
        t_ref: refractory period, ms: see `RefractoryModel`.
        reset: `"hard"`, `"soft"` or `"none"`.
        order: whether a step adds its input to `I` before it moves `V` (`"input_first"`) or after it
            (`"voltage_first"`, one step later).
        integrator: `"exact"` solves both equations; `"exponential_euler"` holds `I` for the step; `"euler"`.
        surrogate: surrogate gradient of the threshold.

    Source: Vogels and Abbott (2005), CUBA; Neftci, Mostafa and Zenke (2019).

    >>> CubaLIF(order="voltage_first").tau_s
    5.0
    """

    initial: ClassVar = {"V": "v_rest", "I": 0.0}
    tau_m: Parameter = parameter(20.0, positive=True)
    tau_s: Parameter = parameter(5.0, positive=True)
    v_rest: Parameter = parameter(0.0)
    v_th: Parameter = parameter(1.0)
    v_reset: Parameter = parameter(0.0, below="v_th")
    R: Parameter = parameter(1.0)
    reset: Reset = "hard"
    order: Literal["input_first", "voltage_first"] = "input_first"
    integrator: Literal["exact", "exponential_euler", "euler"] = "exact"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_reset("CubaLIF", self.reset)
        check_integrator("CubaLIF", self.integrator, ("exact", "exponential_euler", "euler"))
        if self.order not in ORDERS:
            raise ValueError(f"CubaLIF: {unknown('order', self.order, ORDERS)}")

    def coefficients(self, p: SimpleNamespace, dt: float) -> dict[str, jax.Array]:
        if self.integrator == "euler":
            return {"decay_m": 1 - dt / p.tau_m, "decay_s": 1 - dt / p.tau_s, "gain": p.R * dt / p.tau_m}
        decay_m, decay_s = jnp.exp(-dt / p.tau_m), jnp.exp(-dt / p.tau_s)
        if self.integrator == "exponential_euler":
            gain = 1 - decay_m
        else:
            # The integral over the step of e^(-(dt - s) / tau_m) e^(-s / tau_s) / tau_m.
            gain = decay_m * (dt / p.tau_m) * phi(dt / p.tau_m - dt / p.tau_s)
        return {"decay_m": decay_m, "decay_s": decay_s, "gain": p.R * gain}

    def step(self, p: SimpleNamespace, state: SimpleNamespace, current: jax.Array) -> dict[str, jax.Array]:
        i = state.I + current if self.order == "input_first" else state.I
        v = p.v_rest + p.decay_m * (state.V - p.v_rest) + p.gain * i
        i = p.decay_s * i
        v = self.free(state, v, state.V)
        fired = self.fire(p, state, v - p.v_th)
        v = apply_reset(self.reset, v, fired["O"], p.v_th, p.v_reset)
        return {"V": v, "I": i if self.order == "input_first" else i + current, **fired}
