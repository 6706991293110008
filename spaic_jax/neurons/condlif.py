"""Conductance-based LIF."""

import dataclasses
from typing import ClassVar, Literal, NamedTuple, get_args

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax._shapes import PerNeuron
from spaic_jax.neurons.base import coefficient
from spaic_jax.neurons.fields import Parameter, parameter
from spaic_jax.neurons.integrators import Integrator, advance, check_integrator, check_stable, phi
from spaic_jax.neurons.refractory import RefractoryModel
from spaic_jax.neurons.state import MOST_MV, variable

Method = Literal["exponential_mean", "exponential_euler", "euler", "rk4"]


class Conductance(NamedTuple):
    """What a step leaves of a conductance, what it is in the mean of the step, and its rate of decay."""

    decay: jax.Array
    mean: jax.Array
    rate: jax.Array


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class CondLIF(RefractoryModel):
    """Conductance-based LIF neuron with exponential synapses.

    $$ C V' = g_L (E_L - V) + g_e (E_{exc} - V) + g_i (E_{inh} - V) + I, \\qquad
       \\tau_{exc} g_e' = -g_e, \\quad \\tau_{inh} g_i' = -g_i $$

    After a spike `V` is `v_reset`. In ms, mV, pF, nS and pA.

    It receives three inputs: `g_exc` and `g_inh`, increments of the conductances, nS, and `Isyn`, a current, pA. Each
    is zero unless a connection writes it. A step adds its increments before it moves `V`; `ge` and `gi` are what the
    conductances then are, at the beginning of the step, and `V` is the potential at its end.

    Args:
        C: capacitance, pF.
        gL: leak, nS; C/gL is the membrane time constant, ms.
        EL, E_exc, E_inh: reversal potentials of leak, excitation and inhibition, mV.
        tau_exc, tau_inh: time constants of the conductances, ms.
        v_th: threshold, mV; a spike needs `V > v_th`.
        v_reset: potential after a spike, mV.
        t_ref: refractory period, ms: see `RefractoryModel`.
        integrator: of the three equations, with `Isyn` held for the step. `"exponential_mean"`, of order 2: conductances
            decay exactly, and `V` moves exactly under what they are in the mean of the step. `"rk4"`, of order 4. `"euler"`,
            of order 1. `"exponential_euler"`, of order 1: `V` moves exactly under the conductances at the beginning.
        detach_reset: let no gradient pass the reset; none does anyway.
        surrogate: surrogate gradient of the threshold.

    Raises:
        ValueError: at build, a dt that is too long for `C/gL`, `tau_exc` or `tau_inh` with `"euler"` or `"rk4"`.

    Receptors of a group are held for the step as a current of the potential with which it begins, of order 1: these two
    conductances are integrated better. The defaults are those of the COBA benchmark network.

    Source: Vogels and Abbott (2005); Brette et al., Simulation of networks of spiking neurons (2007), benchmark 1.

    >>> CondLIF().receives
    ('Isyn', 'g_exc', 'g_inh')
    """

    class State(RefractoryModel.State):
        V: PerNeuron = variable("EL", limit=MOST_MV)
        ge: PerNeuron = variable(0.0)
        gi: PerNeuron = variable(0.0)

    receives: ClassVar = ("Isyn", "g_exc", "g_inh")
    C: Parameter = parameter(200.0, positive=True)
    gL: Parameter = parameter(10.0, positive=True)
    EL: Parameter = parameter(-60.0)
    E_exc: Parameter = parameter(0.0)
    E_inh: Parameter = parameter(-80.0)
    tau_exc: Parameter = parameter(5.0, positive=True)
    tau_inh: Parameter = parameter(10.0, positive=True)
    v_th: Parameter = parameter(-50.0)
    v_reset: Parameter = parameter(-60.0, below="v_th")
    t_ref: Parameter = parameter(5.0)
    integrator: Method = "exponential_mean"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_integrator("CondLIF", self.integrator, get_args(Method))

    @property
    def method(self) -> Integrator:
        """The integrator of a conductance alone."""
        return "exponential_euler" if self.integrator == "exponential_mean" else self.integrator

    @coefficient
    def rate(self) -> jax.Array:
        return 1 / self.C

    @coefficient
    def excitation(self) -> Conductance:
        return self._conductance(self.tau_exc)

    @coefficient
    def inhibition(self) -> Conductance:
        return self._conductance(self.tau_inh)

    def _conductance(self, tau: jax.Array) -> Conductance:
        left = advance(self.method, lambda x: {"g": -x["g"] / tau}, {"g": jnp.ones_like(tau)}, self.dt)["g"]
        mean = phi(-self.dt / tau) if self.integrator == "exponential_mean" else jnp.ones_like(tau)
        return Conductance(left, mean, 1 / tau)

    def check_step(self, dt: float) -> None:
        super().check_step(dt)
        times = {"C/gL": np.divide(self.C, self.gL), "tau_exc": self.tau_exc, "tau_inh": self.tau_inh}
        check_stable(self.integrator, dt, times)

    def step(self, state: State, current: PerNeuron, g_exc: PerNeuron, g_inh: PerNeuron) -> State:
        excitation, inhibition = self.excitation, self.inhibition
        ge = excitation.decay * state.ge + g_exc
        gi = inhibition.decay * state.gi + g_inh

        if self.method == "exponential_euler":
            # Relaxation to where the currents cancel: one exponential, a fraction of what linearising costs.
            e, i = excitation.mean * ge, inhibition.mean * gi
            total = self.gL + e + i
            rest = (self.gL * self.EL + e * self.E_exc + i * self.E_inh + current) / total
            v = rest + (state.V - rest) * jnp.exp(-self.dt * self.rate * total)
        else:

            def derivatives(x: dict[str, jax.Array]) -> dict[str, jax.Array]:
                v, e, i = x["V"], x["ge"], x["gi"]
                total = self.gL * (self.EL - v) + e * (self.E_exc - v) + i * (self.E_inh - v) + current
                return {"V": self.rate * total, "ge": -excitation.rate * e, "gi": -inhibition.rate * i}

            v = advance(self.method, derivatives, {"V": state.V, "ge": ge, "gi": gi}, self.dt)["V"]
        v = self.free(state, v, state.V)
        spikes, refrac = self.fire(state, v - self.v_th)
        return self.State(V=self.reset_by("hard", v, spikes, self.v_th, self.v_reset), ge=ge, gi=gi, O=spikes, refrac=refrac)
