"""A leaky integrator that never spikes, for readouts."""

import dataclasses
from types import SimpleNamespace
from typing import ClassVar

import jax
import jax.numpy as jnp

from spaic_jax.neurons.base import NeuronModel, Parameter, parameter


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class LeakyIntegrator(NeuronModel):
    """Non-spiking leaky integrator, the usual readout of networks trained on the membrane potential.

    $$ V_t = e^{-dt/\\tau_m} V_{t-1} + I_t $$

    It has no spikes `O`; decoders read its `V`.

    Args:
        tau_m: time constant, ms.

    Source: Neftci, Mostafa and Zenke, Surrogate gradient learning (2019), the readout layer.

    >>> LeakyIntegrator(tau_m=20.0).output
    'V'
    """

    initial: ClassVar = {"V": 0.0}
    output: ClassVar = "V"
    tau_m: Parameter = parameter(8.0, positive=True)

    def coefficients(self, p: SimpleNamespace, dt: float) -> dict[str, jax.Array]:
        return {"decay": jnp.exp(-dt / p.tau_m)}

    def step(self, p: SimpleNamespace, state: SimpleNamespace, current: jax.Array) -> dict[str, jax.Array]:
        return {"V": p.decay * state.V + current}
