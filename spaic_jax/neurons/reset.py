"""What a spike does to the membrane potential."""

import dataclasses
from typing import Literal

import jax
import jax.numpy as jnp

from spaic_jax._errors import unknown
from spaic_jax._shapes import PerNeuron
from spaic_jax.neurons.base import SpikingModel

Reset = Literal["hard", "soft", "none"]
RESETS = ("hard", "soft", "none")


def check_reset(model: str, reset: str) -> None:
    """ValueError unless `reset` is a way to reset."""
    if reset not in RESETS:
        raise ValueError(f"{model}: {unknown('reset', reset, RESETS)}")


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class ResettingModel(SpikingModel):
    """A neuron model whose spikes reset its potential, at once or by a trace that lowers it.

    With `detach_reset` no gradient passes the reset: backwards in time, a spike is then only what other neurons, and what
    adapts, receive of it. That keeps the gradient of long runs from growing from spike to spike. A hard reset that takes
    the place of the potential where there was a spike lets none pass anyway.
    """

    detach_reset: bool = False

    def gate(self, spikes: PerNeuron) -> PerNeuron:
        """The spikes of a step, as its reset sees them."""
        return jax.lax.stop_gradient(spikes) if self.detach_reset else spikes

    def reset_by(
        self, reset: Reset, v: PerNeuron, spikes: PerNeuron, v_th: jax.Array, v_reset: jax.Array
    ) -> PerNeuron:
        """The membrane potential after the spikes of a step.

        * `"hard"`: `v_reset` where there was a spike. No gradient passes the gate, as in SPAIC's `reset`.
        * `"soft"`: `v - (v_th - v_reset) * spikes`, which keeps what exceeded the threshold; the surrogate's gradient passes.
        * `"none"`: `v`.
        """
        if reset == "hard":
            return jnp.where(spikes > 0, v_reset, v)
        return v - (v_th - v_reset) * self.gate(spikes) if reset == "soft" else v

    def replaced(self, v: PerNeuron, spikes: PerNeuron, v_reset: jax.Array) -> PerNeuron:
        """A hard reset, `v_reset * O + (v - v * O)`, whose gate the surrogate's gradient passes, as in many models of SPAIC."""
        spikes = self.gate(spikes)
        return v_reset * spikes + (v - v * spikes)
