"""Trained delays, by a bell around each."""

import dataclasses
import math
from typing import ClassVar

import jax

from spaic_jax.program import Constant, Variable
from spaic_jax.synapses.delays.base import SynapticDelay


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class GaussianDelay(SynapticDelay):
    """A trained delay for each synapse: a spike arrives around it, in a bell of width `sigma` whose sum is the weight.

    $$ I_i(t) = \\sum_j W_{ij} \\sum_k \\frac{e^{-(k\\,dt - d_{ij})^2 / 2 \\sigma^2}}{\\sum_l e^{-(l\\,dt - d_{ij})^2 / 2 \\sigma^2}}\\, s_j(t - k) $$

    A wide bell finds delays that are far off; it is narrowed while the network is trained, with
    `sim.set(variables, {"synapses.sigma": 0.5})`, which compiles nothing anew.

    Args:
        value: `(post, pre)` array of ms, an initial value, or `None` for U(min_delay, max_delay).
        min_delay: shortest delay that is drawn, ms.
        max_delay: longest delay, ms; training keeps delays between 0 and it.
        sigma: width, ms.

    Raises:
        ValueError: a negative delay, or a width that is not positive.

    Source: Hammouamri, Khalfaoui-Hassani and Masquelier, Learning delays in spiking neural networks (2024).

    >>> GaussianDelay(max_delay=6.0, sigma=2.0).sigma
    2.0
    """

    trained: ClassVar = True
    sigma: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.sigma, bool) or not isinstance(self.sigma, int | float) or not 0 < self.sigma < math.inf:
            raise ValueError(f"GaussianDelay: sigma must be a positive number of milliseconds, got {self.sigma!r}.")

    @staticmethod
    def shares(steps: jax.Array, slots: jax.Array, dt: float, *settings: jax.Array) -> jax.Array:
        (width,) = settings
        # A softmax: however narrow the bell is, its sum is 1.
        return jax.nn.softmax(-(((slots - steps) * dt / width) ** 2) / 2, axis=0)

    def settings(self, name: str) -> list[Variable]:
        return [Variable(f"{name}.sigma", role="constant", init=Constant(self.sigma))]
