"""LIF whose input is held for the step."""

import dataclasses
from typing import get_args

import jax

from spaic_jax._shapes import PerNeuron
from spaic_jax.neurons.base import coefficient
from spaic_jax.neurons.fields import Parameter, parameter
from spaic_jax.neurons.integrators import LeakIntegrator, check_integrator, check_stable, share_of_way
from spaic_jax.neurons.refractory import RefractoryModel
from spaic_jax.neurons.reset import Reset, check_reset
from spaic_jax.neurons.state import variable


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class ConstantCurrentLIF(RefractoryModel):
    """Leaky integrate-and-fire neuron in physical units, whose potential tends to what its input asks for.

    $$ \\tau_m V' = v_{rest} - V + R I, \\qquad O_t = H(v_t - v_{th}), \\qquad V_t = \\mathrm{reset}(v_t, O_t) $$

    with the input I held for the step, and v the potential before the reset. With `integrator="exact"` the solution is exact
    at every dt, and a rate depends on dt by the grid of spikes only, unlike that of `lif`, which adds an input whole. In mV and
    pA, R is tau_m/C in GOhm. Synaptic currents that decay are receptors of the group, of which the mean over the step is held:
    of order 2 in dt; `cubalif` has one such current whose solution is exact.

    Args:
        tau_m: membrane time constant, ms.
        v_rest: potential of rest, where `V` begins.
        R: resistance.
        v_th: threshold; a spike needs `v > v_th`.
        v_reset: potential after a hard reset.
        t_ref: refractory period, ms: see `RefractoryModel`.
        reset: `"hard"`, `"soft"` (subtract `v_th - v_reset`) or `"none"`.
        integrator: `"euler"`, of order 1, as SPAIC's, or `"exact"`.
        compat: SPAIC's equations: the input of the step before, and a reset to 0 by the spike of the step before.
        detach_reset: let no gradient pass the reset.
        surrogate: surrogate gradient of the threshold; it passes the reset too, unless it is detached.

    Raises:
        ValueError: `compat` with `"exact"` or another reset than `"hard"`; at build, a dt of more than 2 `tau_m` with `"euler"`.

    Source: SPAIC, `constantcurrentlif`; Rotter and Diesmann (1999) for the exact solution.

    >>> import jax.numpy as jnp
    >>> print(ConstantCurrentLIF().first_step(jnp.array([[15.0, 30.0]]), dt=1.0).O)
    [[0. 1.]]
    >>> print(ConstantCurrentLIF(reset="soft").first_step(jnp.array([[15.0, 30.0]]), dt=1.0).V)
    [[0.75 0.5 ]]
    """

    class State(RefractoryModel.State):
        V: PerNeuron = variable("v_rest")
        Ilast: PerNeuron = variable(0.0, where="compat")
        O: PerNeuron = variable(0.0, where="compat")

    tau_m: Parameter = parameter(20.0, positive=True)
    v_rest: Parameter = parameter(0.0)
    R: Parameter = parameter(1.0)
    v_th: Parameter = parameter(1.0)
    v_reset: Parameter = parameter(0.0, below="v_th")
    reset: Reset = "hard"
    integrator: LeakIntegrator = "euler"
    compat: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        check_reset("ConstantCurrentLIF", self.reset)
        check_integrator("ConstantCurrentLIF", self.integrator, get_args(LeakIntegrator))
        if self.compat and self.integrator != "euler":
            raise ValueError(f"ConstantCurrentLIF: SPAIC's equations (compat) are of integrator 'euler', not {self.integrator!r}.")
        if self.compat and self.reset != "hard":
            raise ValueError(f"ConstantCurrentLIF: SPAIC's equations (compat) have the reset 'hard', not {self.reset!r}.")

    @coefficient
    def rate(self) -> jax.Array:
        return share_of_way(self.integrator, self.dt, self.tau_m)

    def check_step(self, dt: float) -> None:
        super().check_step(dt)
        check_stable(self.integrator, dt, {"tau_m": self.tau_m})

    def steady(self, current: PerNeuron) -> PerNeuron:
        """Where the potential would come to rest under a current."""
        return self.v_rest + self.R * current

    def step(self, state: State, current: PerNeuron) -> State:
        if self.compat:
            v = self.rate * (self.steady(state.Ilast) - state.V) + state.V
            return self.State(V=v - v * self.gate(state.O), Ilast=current, O=self.spike(v - self.v_th), refrac=None)
        v = self.free(state, self.rate * (self.steady(current) - state.V) + state.V, state.V)
        spikes, refrac = self.fire(state, v - self.v_th)
        hard = self.reset == "hard"
        v = self.replaced(v, spikes, self.v_reset) if hard else self.reset_by(self.reset, v, spikes, self.v_th, self.v_reset)
        return self.State(V=v, Ilast=current, O=spikes, refrac=refrac)
