"""Izhikevich's simple model."""

import dataclasses
from typing import Literal

import jax
import numpy as np

from spaic_jax._shapes import PerNeuron
from spaic_jax.neurons.base import coefficient
from spaic_jax.neurons.fields import Parameter, parameter
from spaic_jax.neurons.integrators import INTEGRATORS, Integrator, advance, bounded, check_integrator, check_stable
from spaic_jax.neurons.reset import ResettingModel
from spaic_jax.neurons.state import MOST_MV, variable


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Izhikevich(ResettingModel):
    """Izhikevich neuron.

    $$ v' = 0.04 v^2 + 5 v + 140 - u + I, \\qquad u' = a (b v - u) $$

    with `v <- Vreset`, `u <- u + d` after a spike, `v > v_th`. Time is in ms, `V` in mV. Forward Euler needs steps
    of 0.5 ms or less to be near the solution; at 1 ms a step of the upswing is a rough one. `V` begins at -65 and `U` at 1,
    as SPAIC's.

    Args:
        a: rate of recovery, 1/ms.
        b: how recovery depends on `V`.
        Vreset: potential after a spike, mV (the paper's c).
        d: what a spike adds to `U`.
        v_th: peak of a spike, mV.
        integrator: `"euler"` and `"exponential_euler"`, of order 1, `"heun"` or `"strang"`, of order 2, or `"rk4"`, of order 4,
            with the input held for the step; the equations then see no `V` above `v_th`. `"half_steps"` is the scheme of the
            paper's program for its dt of 1 ms: two Euler steps of `V` of half the length, then one of `U` by the new `V`.
            That program looks for spikes when the next step begins: its spikes are the same, and their step is one more.
        compat: SPAIC's equations: `U` moves by `a (b V - U)` a step, whatever `dt`.
        detach_reset: let no gradient pass the reset; it passes the adaptation.
        surrogate: surrogate gradient of the threshold; it passes the reset too, unless it is detached.

    Raises:
        ValueError: at build, a dt of more than 2 time constants with `"euler"`, or 2.785 with `"rk4"`: `1/a`, and that of the
            membrane at the potential of rest, 1.67 ms by the default `b`.

    Source: Izhikevich, Simple model of spiking neurons (2003); SPAIC, `izh`.

    >>> import jax.numpy as jnp
    >>> print(Izhikevich(a=0.1, d=2.0).first_step(jnp.array([[100.0, 200.0]]), dt=1.0).O)
    [[0. 1.]]
    """

    class State(ResettingModel.State):
        V: PerNeuron = variable(-65.0, limit=MOST_MV)
        U: PerNeuron = variable(1.0)

    a: Parameter = parameter(0.02)
    b: Parameter = parameter(0.2)
    Vreset: Parameter = parameter(-65.0, below="v_th")
    d: Parameter = parameter(8.0)
    v_th: Parameter = parameter(30.0)
    integrator: Integrator | Literal["half_steps"] = "euler"
    compat: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        check_integrator("Izhikevich", self.integrator, (*INTEGRATORS, "half_steps"))

    @coefficient
    def recovery(self) -> jax.Array:
        return self.a / (self.dt if self.compat else 1.0)

    def check_step(self, dt: float) -> None:
        recovery = np.abs(np.asarray(self.a, float)) * (1 / dt if self.compat else 1)
        # The slope of v' at the lower root of 0.04 v^2 + (5 - b) v + 140, as far as there is one.
        root = np.sqrt(np.maximum(np.subtract(5, self.b) ** 2 - 22.4, 0))
        slope = np.maximum(root - self.b, 1e-30)
        times = {"1/a": 1 / np.maximum(recovery, 1e-30), "the membrane's time constant at rest": 1 / slope}
        check_stable("euler" if self.integrator == "half_steps" else self.integrator, dt, times)

    def step(self, state: State, current: PerNeuron) -> State:
        def derivatives(x: dict[str, jax.Array]) -> dict[str, jax.Array]:
            v, u = x["V"], x["U"]
            return {"V": (((0.04 * v + 5) * v + 140) - u) + current, "U": self.recovery * (self.b * v - u)}

        new = {"V": state.V, "U": state.U}
        if self.integrator == "half_steps":
            for name, time in (("V", self.dt / 2), ("V", self.dt / 2), ("U", self.dt)):
                new[name] = new[name] + time * derivatives(new)[name]
        else:
            new = advance(self.integrator, bounded(derivatives, "V", self.v_th), new, self.dt)
        spikes = self.spike(new["V"] - self.v_th)
        return self.State(V=self.replaced(new["V"], spikes, self.Vreset), U=self.d * spikes + new["U"], O=spikes)
