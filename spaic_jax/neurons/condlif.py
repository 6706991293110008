"""Conductance-based LIF."""

import dataclasses
from types import SimpleNamespace
from typing import ClassVar

import jax
import jax.numpy as jnp

from spaic_jax.neurons.base import Parameter, parameter
from spaic_jax.neurons.integrators import Integrator, advance, check_integrator
from spaic_jax.neurons.refractory import RefractoryModel


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class CondLIF(RefractoryModel):
    """Conductance-based LIF neuron with exponential synapses.

    $$ C V' = g_L (E_L - V) + g_e (E_{exc} - V) + g_i (E_{inh} - V) + I, \\qquad
       \\tau_{exc} g_e' = -g_e, \\quad \\tau_{inh} g_i' = -g_i $$

    After a spike `V` is `v_reset`. In ms, mV, pF, nS and pA.

    It receives three inputs: `g_exc` and `g_inh`, increments of the conductances, nS, and `Isyn`, a current, pA. Each
    is zero unless a connection writes it. A step adds its increments before it moves `V`.

    Args:
        C: capacitance, pF.
        gL: leak, nS; C/gL is the membrane time constant, ms.
        EL, E_exc, E_inh: reversal potentials of leak, excitation and inhibition, mV.
        tau_exc, tau_inh: time constants of the conductances, ms.
        v_th: threshold, mV; a spike needs `V > v_th`.
        v_reset: potential after a spike, mV.
        t_ref: refractory period, ms: see `RefractoryModel`.
        integrator: of `V`, with the conductances held for the step: `"exponential_euler"`, then exact, `"euler"` or `"rk4"`.
        surrogate: surrogate gradient of the threshold.

    The defaults are those of the COBA benchmark network.

    Source: Vogels and Abbott (2005); Brette et al., Simulation of networks of spiking neurons (2007), benchmark 1.

    >>> CondLIF().receives
    ('Isyn', 'g_exc', 'g_inh')
    """

    initial: ClassVar = {"V": "EL", "ge": 0.0, "gi": 0.0}
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
    integrator: Integrator = "exponential_euler"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_integrator("CondLIF", self.integrator)

    def coefficients(self, p: SimpleNamespace, dt: float) -> dict[str, jax.Array]:
        return {
            "rate": dt / p.C, "decay_exc": jnp.exp(-dt / p.tau_exc), "decay_inh": jnp.exp(-dt / p.tau_inh),
        }

    def step(self, p: SimpleNamespace, state: SimpleNamespace, current: SimpleNamespace) -> dict[str, jax.Array]:
        ge = p.decay_exc * state.ge + current.g_exc
        gi = p.decay_inh * state.gi + current.g_inh

        def derivatives(x: dict[str, jax.Array]) -> dict[str, jax.Array]:
            v = x["V"]
            return {"V": p.gL * (p.EL - v) + ge * (p.E_exc - v) + gi * (p.E_inh - v) + current.Isyn}

        v = self.free(state, advance(self.integrator, derivatives, {"V": state.V}, p.rate)["V"], state.V)
        fired = self.fire(p, state, v - p.v_th)
        return {"V": jnp.where(fired["O"] > 0, p.v_reset, v), "ge": ge, "gi": gi, **fired}
