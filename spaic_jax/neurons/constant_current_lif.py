"""LIF in the form of a forward Euler step."""

import dataclasses
from collections.abc import Mapping
from types import SimpleNamespace
from typing import ClassVar

import jax

from spaic_jax.neurons.base import First, Parameter, parameter
from spaic_jax.neurons.integrators import check_stable
from spaic_jax.neurons.refractory import RefractoryModel


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class ConstantCurrentLIF(RefractoryModel):
    """Leaky integrate-and-fire neuron whose potential tends to its input.

    $$ v_t = V_{t-1} + \\frac{dt}{\\tau_m} (I_t - V_{t-1}), \\qquad O_t = H(v_t - v_{th}), \\qquad
       V_t = v_t (1 - O_t) + v_{reset} O_t $$

    A step is one of forward Euler, of order 1, with the input held for the step.

    Args:
        tau_m: membrane time constant, ms.
        v_th: threshold; a spike needs `v > v_th`.
        v_reset: potential after a spike.
        t_ref: refractory period, ms: see `RefractoryModel`.
        compat: SPAIC's equations: the input of the step before, and a reset to 0 by the spike of the step before.
        detach_reset: let no gradient pass the reset.
        surrogate: surrogate gradient of the threshold; it passes the reset too, unless it is detached.

    Raises:
        ValueError: at build, a dt of more than 2 `tau_m`.

    Source: SPAIC, `constantcurrentlif`.

    >>> ConstantCurrentLIF().tau_m
    20.0
    """

    initial: ClassVar = {"V": 0.0}
    tau_m: Parameter = parameter(20.0, positive=True)
    v_th: Parameter = parameter(1.0)
    v_reset: Parameter = parameter(0.0, below="v_th")
    compat: bool = False

    def states(self) -> Mapping[str, First]:
        return {**super().states(), "Ilast": 0.0, "O": 0.0} if self.compat else super().states()

    def coefficients(self, p: SimpleNamespace, dt: float) -> dict[str, jax.Array]:
        return {"rate": dt / p.tau_m}

    def check_step(self, dt: float) -> None:
        super().check_step(dt)
        check_stable("euler", dt, {"tau_m": self.tau_m})

    def step(self, p: SimpleNamespace, state: SimpleNamespace, current: jax.Array) -> dict[str, jax.Array]:
        if self.compat:
            v = p.rate * (state.Ilast - state.V) + state.V
            return {"V": v - v * self.gate(state.O), "Ilast": current, "O": self.spike(v - p.v_th)}
        v = self.free(p, state, p.rate * (current - state.V) + state.V, state.V)
        fired = self.fire(p, state, v - p.v_th)
        return {"V": self.replaced(v, fired["O"], p.v_reset), **fired}
