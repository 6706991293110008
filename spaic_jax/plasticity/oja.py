"""Hebbian learning of rates with weights that stay finite."""

import dataclasses
from collections.abc import Mapping

import jax
import jax.numpy as jnp

from spaic_jax.plasticity.base import Rule, positive
from spaic_jax.plasticity.memory import Trace, Traced
from spaic_jax.plasticity.pathway import Meeting


@dataclasses.dataclass(frozen=True, kw_only=True)
class Oja(Rule):
    """Weights onto a neuron turn to the first principal component of the presynaptic rates, with a length of one.

    $$ \\dot W_{ij} = \\eta \\, y_i (x_j - y_i W_{ij}) $$

    with rates x and y in Hz: spikes, averaged over about `tau`. The length is one where y is the sum of W x.

    Args:
        eta: learning rate, 1/(ms Hz^2).
        tau: time constant of the rates, ms.
        batch: as of `Rule`.

    Raises:
        ValueError: a number that is not positive.

    Source: Oja, Simplified neuron model as a principal component analyzer, Journal of Mathematical Biology 15 (1982).

    >>> Oja(eta=1e-5).tau
    100.0
    """

    eta: float = positive(1e-6)
    tau: float = positive(100.0)

    def memories(self, dt: float) -> Mapping[str, Trace]:
        return {"x": Trace("pre", self.tau, "average"), "y": Trace("post", self.tau, "average")}

    def change(self, at: Meeting, *, x: Traced, y: Traced) -> Mapping[str, jax.Array]:
        pre, post = at.hertz(x.now), at.hertz(y.now)
        shrinking = at.weight * at.outer(post**2, jnp.ones_like(pre))
        return {"weight": self.eta * at.dt * (at.outer(post, pre) - shrinking)}
