"""Current-based LIF with a decaying synaptic current."""

import dataclasses
from collections.abc import Mapping
from types import SimpleNamespace
from typing import ClassVar, Literal, get_args

import jax
import jax.numpy as jnp

from spaic_jax._errors import unknown
from spaic_jax.neurons.base import First, Parameter, parameter
from spaic_jax.neurons.event_times import EventTimes
from spaic_jax.neurons.integrators import advance, check_integrator, check_stable, phi
from spaic_jax.neurons.refractory import RefractoryModel
from spaic_jax.neurons.reset import Reset, check_reset
from spaic_jax.surrogate import EventProp

ORDERS = ("input_first", "voltage_first")
Method = Literal["exact", "exponential_euler", "euler", "rk4"]


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
        integrator: `"exact"` solves both equations; `"rk4"` is of order 4; `"euler"` and `"exponential_euler"`, which holds
            `I` for the step, are of order 1.
        detach_reset: let no gradient pass a soft reset.
        surrogate: surrogate gradient of the threshold; `"eventprop"` for the exact gradient of spike times.

    Raises:
        ValueError: `"eventprop"` without a reset; at build, a dt of more than 2 `tau_m` or `tau_s` with `"euler"`, or 2.785 with `"rk4"`.

    Source: Vogels and Abbott (2005), CUBA; Neftci, Mostafa and Zenke (2019).

    >>> CubaLIF(order="voltage_first").tau_s
    5.0
    """

    initial: ClassVar = {"V": "v_rest", "I": 0.0}
    exact: ClassVar = ("refrac", "shift")
    timed: ClassVar = True
    tau_m: Parameter = parameter(20.0, positive=True)
    tau_s: Parameter = parameter(5.0, positive=True)
    v_rest: Parameter = parameter(0.0)
    v_th: Parameter = parameter(1.0)
    v_reset: Parameter = parameter(0.0, below="v_th")
    R: Parameter = parameter(1.0)
    reset: Reset = "hard"
    order: Literal["input_first", "voltage_first"] = "input_first"
    integrator: Method = "exact"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_reset("CubaLIF", self.reset)
        check_integrator("CubaLIF", self.integrator, get_args(Method))
        if self.order not in ORDERS:
            raise ValueError(f"CubaLIF: {unknown('order', self.order, ORDERS)}")
        if isinstance(self.surrogate, EventProp) and self.reset == "none":
            raise ValueError("CubaLIF: the surrogate EventProp needs a reset, 'hard' or 'soft', not 'none'.")

    def states(self) -> Mapping[str, First]:
        return {**super().states(), "shift": 0.0} if isinstance(self.surrogate, EventProp) else super().states()

    def coefficients(self, p: SimpleNamespace, dt: float) -> dict[str, jax.Array]:
        if self.integrator == "exact":
            decay_m, decay_s = jnp.exp(-dt / p.tau_m), jnp.exp(-dt / p.tau_s)
            # The integral over the step of e^(-(dt - s) / tau_m) e^(-s / tau_s) / tau_m.
            gain = decay_m * (dt / p.tau_m) * phi(dt / p.tau_m - dt / p.tau_s)
            return {"decay_m": decay_m, "decay_s": decay_s, "gain": p.R * gain}

        def derivatives(x: dict[str, jax.Array]) -> dict[str, jax.Array]:
            return {"V": (p.R * x["I"] - x["V"]) / p.tau_m, "I": -x["I"] / p.tau_s}

        # The equations are linear: what a step makes of one unit of each variable is all there is to know.
        zero = jnp.zeros_like(p.R + p.tau_m + p.tau_s)
        potential, current = (
            advance(self.integrator, derivatives, {"V": zero + v, "I": zero + (1 - v)}, dt) for v in (1, 0)
        )
        return {"decay_m": potential["V"], "decay_s": current["I"], "gain": current["V"]}

    def check_step(self, dt: float) -> None:
        super().check_step(dt)
        check_stable(self.integrator, dt, {"tau_m": self.tau_m, "tau_s": self.tau_s})

    def step(self, p: SimpleNamespace, state: SimpleNamespace, current: jax.Array) -> dict[str, jax.Array]:
        times = EventTimes(self.surrogate, p, state) if isinstance(self.surrogate, EventProp) else None
        slope = (p.R * state.I - (state.V - p.v_rest)) / p.tau_m
        first = state.V if times is None else times.before(slope, self.detach_reset)
        i = state.I + current if self.order == "input_first" else state.I
        v = p.v_rest + p.decay_m * (first - p.v_rest) + p.gain * i
        i = p.decay_s * i
        v = self.free(p, state, v, first)
        fired = self.fire(p, state, v - p.v_th)
        reset = self.reset_by(self.reset, v, fired["O"], p.v_th, p.v_reset)
        new = {"V": reset, **fired} if times is None else times.after(v, fired, reset)
        return {**new, "I": i if self.order == "input_first" else i + current}
