"""Integrate-and-fire with a bias."""

import dataclasses
from types import SimpleNamespace
from typing import ClassVar

import jax

from spaic_jax.neurons.base import NeuronModel, Parameter, parameter
from spaic_jax.neurons.reset import ResettingModel


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class IFB(ResettingModel):
    """Integrate-and-fire neuron with a bias.

    $$ v_t = V_{t-1} + (I_t + b), \\qquad O_t = H(v_t - v_{th}), \\qquad V_t = v_t (1 - O_t) + v_{reset} O_t $$

    Args:
        v_th: threshold; a spike needs `v > v_th`.
        v_reset: potential after a spike.
        bias: `b`, added to the input of every step.
        detach_reset: let no gradient pass the reset.
        surrogate: surrogate gradient of the threshold; it passes the reset too, unless it is detached.

    Source: SPAIC, `ifb`.

    >>> IFB(bias=0.1).bias
    0.1
    """

    initial: ClassVar = {"V": 0.0}
    v_th: Parameter = parameter(1.0)
    v_reset: Parameter = parameter(0.0, below="v_th")
    bias: Parameter = parameter(0.0)

    def step(self, p: SimpleNamespace, state: SimpleNamespace, current: jax.Array) -> dict[str, jax.Array]:
        v = state.V + (current + p.bias)
        spikes = self.spike(v - p.v_th)
        return {"V": self.replaced(v, spikes, p.v_reset), "O": spikes}


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class NonSpikingIFB(NeuronModel):
    """Integrator with a bias that never spikes: `V_t = V_{t-1} + (I_t + b)`.

    It has no spikes `O`; decoders read its `V`.

    Args:
        bias: `b`, added to the input of every step.

    Source: SPAIC, `nonspikingifb`.

    >>> NonSpikingIFB().output
    'V'
    """

    initial: ClassVar = {"V": 0.0}
    output: ClassVar = "V"
    bias: Parameter = parameter(0.0)

    def step(self, p: SimpleNamespace, state: SimpleNamespace, current: jax.Array) -> dict[str, jax.Array]:
        return {"V": state.V + (current + p.bias)}
