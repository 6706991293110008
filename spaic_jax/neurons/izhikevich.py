"""Izhikevich's simple model."""

import dataclasses
from types import SimpleNamespace
from typing import ClassVar

import jax

from spaic_jax.neurons.base import Parameter, SpikingModel, parameter
from spaic_jax.neurons.integrators import Integrator, advance, check_integrator
from spaic_jax.neurons.reset import replace


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Izhikevich(SpikingModel):
    """Izhikevich neuron.

    $$ v' = 0.04 v^2 + 5 v + 140 - u + I, \\qquad u' = a (b v - u) $$

    with `v <- Vreset`, `u <- u + d` after a spike, `v > v_th`. Time is in ms, `V` in mV. Forward Euler needs steps
    of 0.5 ms or less to be near the solution; at 1 ms a step of the upswing is a rough one.

    Args:
        a: rate of recovery, 1/ms.
        b: how recovery depends on `V`.
        Vreset: potential after a spike, mV (the paper's c).
        d: what a spike adds to `U`.
        v_th: peak of a spike, mV.
        integrator: `"euler"`, `"exponential_euler"` or `"rk4"`, with the input held for the step.
        compat: SPAIC's equations: `U` moves by `a (b V - U)` a step, whatever `dt`.
        surrogate: surrogate gradient of the threshold; it passes the reset too.

    Source: Izhikevich, Simple model of spiking neurons (2003); SPAIC, `izh`.

    >>> Izhikevich(a=0.1, d=2.0).a  # a fast-spiking neuron
    0.1
    """

    initial: ClassVar = {"V": -65.0, "U": 1.0}
    a: Parameter = parameter(0.02)
    b: Parameter = parameter(0.2)
    Vreset: Parameter = parameter(-65.0, below="v_th")
    d: Parameter = parameter(8.0)
    v_th: Parameter = parameter(30.0)
    integrator: Integrator = "euler"
    compat: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        check_integrator("Izhikevich", self.integrator)

    def coefficients(self, p: SimpleNamespace, dt: float) -> dict[str, jax.Array]:
        return {"recovery": p.a / (dt if self.compat else 1.0)}

    def step(self, p: SimpleNamespace, state: SimpleNamespace, current: jax.Array) -> dict[str, jax.Array]:
        def derivatives(x: dict[str, jax.Array]) -> dict[str, jax.Array]:
            v, u = x["V"], x["U"]
            return {"V": (((0.04 * v + 5) * v + 140) - u) + current, "U": p.recovery * (p.b * v - u)}

        new = advance(self.integrator, derivatives, {"V": state.V, "U": state.U}, p.dt)
        spikes = self.spike(new["V"] - p.v_th)
        return {"V": replace(new["V"], spikes, p.Vreset), "U": p.d * spikes + new["U"], "O": spikes}
