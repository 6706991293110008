"""Trained delays, by phases that turn."""

import dataclasses
import math
from typing import ClassVar

import jax
import jax.numpy as jnp

from spaic_jax.program import Constant, Variable
from spaic_jax.synapses.delays.base import SynapticDelay


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class RotationDelay(SynapticDelay):
    """A trained delay for each synapse: a spike starts a phase that turns, and arrives where the phase meets the delay's.

    $$ I_i(t) = \\sum_j W_{ij} \\sum_{k=0}^{L-1} e^{-k\\,dt/\\tau}\\,
       e^{\\kappa \\left( \\cos(\\pi (k - d_{ij}/dt) / L) - 1 \\right)} s_j(t - k) $$

    with half a turn in the `L` steps that the longest delay takes.

    Args:
        value: `(post, pre)` array of ms, an initial value, or `None` for U(min_delay, max_delay).
        min_delay: shortest delay that is drawn, ms.
        max_delay: longest delay, ms; training keeps delays between 0 and it.
        tau: time constant of the phasor's decay, ms.
        rot_k: how sharp the meeting is, the kappa above.

    Raises:
        ValueError: a negative delay, or a `tau` or `rot_k` that is not positive.

    Source: SPAIC, `delay_complex_synapse`, whose names and defaults these are; here in closed form.

    >>> RotationDelay().rot_k
    6.0
    """

    trained: ClassVar = True
    min_delay: float = 0.0
    max_delay: float | None = 5.0
    tau: float = 10.0
    rot_k: float = 6.0

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("tau", "rot_k"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
                raise ValueError(f"RotationDelay: {name} must be a positive number, got {value!r}.")

    @staticmethod
    def shares(steps: jax.Array, slots: jax.Array, dt: float, *settings: jax.Array) -> jax.Array:
        tau, sharpness = settings
        met = jnp.cos(jnp.pi * (slots - steps) / slots.shape[0]) - 1
        return jnp.exp(sharpness * met - slots * dt / tau)

    def settings(self, name: str) -> list[Variable]:
        values = {"tau": self.tau, "rot_k": self.rot_k}
        return [Variable(f"{name}.{key}", role="constant", init=Constant(value)) for key, value in values.items()]
