"""LIF with a synaptic current."""

import dataclasses
from types import SimpleNamespace
from typing import ClassVar

import jax
import jax.numpy as jnp

from spaic_jax.neurons.base import Parameter, parameter
from spaic_jax.neurons.refractory import RefractoryModel


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class LIFM(RefractoryModel):
    """Leaky integrate-and-fire neuron whose input decays exponentially.

    $$ i_t = e^{-dt/\\tau_p} i_{t-1} + I_t, \\qquad v_t = e^{-dt/\\tau_m} V_{t-1} + i_t $$
    $$ O_t = H(v_t - v_{th}), \\qquad V_t = v_t (1 - O_t) + v_{reset} O_t $$

    The synaptic current `i` is the variable `I`.

    Args:
        tau_m: membrane time constant, ms.
        tau_p: time constant of the synaptic current, ms.
        v_th: threshold; a spike needs `v > v_th`.
        v_reset: potential after a spike.
        t_ref: refractory period, ms: see `RefractoryModel`.
        detach_reset: let no gradient pass the reset.
        surrogate: surrogate gradient of the threshold; it passes the reset too, unless it is detached.

    Source: SPAIC, `lifm`.

    >>> LIFM(tau_p=2.0).tau_p
    2.0
    """

    initial: ClassVar = {"V": 0.0, "I": 0.0}
    tau_m: Parameter = parameter(10.0, positive=True)
    tau_p: Parameter = parameter(1.0, positive=True)
    v_th: Parameter = parameter(1.0)
    v_reset: Parameter = parameter(0.0, below="v_th")

    def coefficients(self, p: SimpleNamespace, dt: float) -> dict[str, jax.Array]:
        return {"decay_m": jnp.exp(-dt / p.tau_m), "decay_p": jnp.exp(-dt / p.tau_p)}

    def step(self, p: SimpleNamespace, state: SimpleNamespace, current: jax.Array) -> dict[str, jax.Array]:
        i = p.decay_p * state.I + current
        v = self.free(p, state, p.decay_m * state.V + i, state.V)
        fired = self.fire(p, state, v - p.v_th)
        return {"V": self.replaced(v, fired["O"], p.v_reset), "I": i, **fired}
