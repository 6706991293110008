"""Izhikevich's simple model."""

import dataclasses
from types import SimpleNamespace
from typing import ClassVar

import jax
import jax.numpy as jnp

from spaic_jax.neurons.base import Parameter, SpikingModel, parameter
from spaic_jax.neurons.reset import replace


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Izhikevich(SpikingModel):
    """Izhikevich neuron, one forward Euler step at a time.

    $$ v' = 0.04 v^2 + 5 v + 140 - u + I, \\qquad u' = a (b v - u) $$

    with `v <- Vreset`, `u <- u + d` after a spike, `v > v_th`. Time is in ms, `V` in mV. Steps of 0.5 ms or less are near
    the solution; at 1 ms an Euler step of the upswing is a rough one.

    Args:
        a: rate of recovery, 1/ms.
        b: how recovery depends on `V`.
        Vreset: potential after a spike, mV (the paper's c).
        d: what a spike adds to `U`.
        v_th: peak of a spike, mV.
        compat: SPAIC's equations: `U` moves by `a (b V - U)` a step, whatever `dt`.
        surrogate: surrogate gradient of the threshold; it passes the reset too.

    Source: Izhikevich, Simple model of spiking neurons (2003); SPAIC, `izh`.

    >>> Izhikevich(a=0.1, d=2.0).a  # a fast-spiking neuron
    0.1
    """

    initial: ClassVar = {"V": -65.0, "U": 1.0}
    a: Parameter = parameter(0.02)
    b: Parameter = parameter(0.2)
    Vreset: Parameter = parameter(-65.0)
    d: Parameter = parameter(8.0)
    v_th: Parameter = parameter(30.0)
    compat: bool = False

    def coefficients(self, p: SimpleNamespace, dt: float) -> dict[str, jax.Array]:
        return {"dt": jnp.float32(dt), "recovery": p.a * (1.0 if self.compat else dt)}

    def step(self, p: SimpleNamespace, state: SimpleNamespace, current: jax.Array) -> dict[str, jax.Array]:
        v = p.dt * ((((0.04 * state.V + 5) * state.V + 140) - state.U) + current) + state.V
        u = p.recovery * (p.b * state.V - state.U) + state.U
        spikes = self.spike(v - p.v_th)
        return {"V": replace(v, spikes, p.Vreset), "U": p.d * spikes + u, "O": spikes}
