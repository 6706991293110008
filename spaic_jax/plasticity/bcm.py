"""Hebbian learning of rates with a threshold that slides."""

import dataclasses
from collections.abc import Mapping

import jax

from spaic_jax.plasticity.base import Rule, positive
from spaic_jax.plasticity.memory import Memory, Trace, Traced
from spaic_jax.plasticity.pathway import Meeting


@dataclasses.dataclass(frozen=True, kw_only=True)
class BCM(Rule):
    """Rates above a threshold strengthen, those below weaken; the threshold follows the rate and makes neurons selective.

    $$ \\dot W_{ij} = \\eta \\, y_i (y_i - \\theta_i) x_j, \\qquad
       \\tau_\\theta \\dot\\theta_i = -\\theta_i + y_i^2 / y_0 $$

    with rates x and y in Hz: spikes, averaged over about `tau`. The threshold begins at `target`, which is where a steady
    rate comes to rest. It is one number a neuron: it follows the mean over the batch, and lasts over presentations.

    Args:
        eta: learning rate, 1/(ms Hz^3).
        target: the rate y_0, Hz.
        tau: time constant of the rates, ms.
        tau_theta: time constant of the threshold, ms; it must be shorter than what the weights need to change.
        batch: as of `Rule`.

    Raises:
        ValueError: a number that is not positive.

    Source: Bienenstock, Cooper and Munro, Journal of Neuroscience 2 (1982); the threshold from Intrator and Cooper, Neural
    Networks 5 (1992).

    >>> BCM(target=20.0).tau_theta
    1000.0
    """

    eta: float = positive(1e-8)
    target: float = positive(10.0)
    tau: float = positive(100.0)
    tau_theta: float = positive(1000.0)

    def memories(self, dt: float) -> Mapping[str, Trace | Memory]:
        return {
            "x": Trace("pre", self.tau, "average"),
            "y": Trace("post", self.tau, "average"),
            "theta": Memory("post", init=self.target, batched=False, stay=True),
        }

    def change(self, at: Meeting, *, x: Traced, y: Traced, theta: jax.Array) -> Mapping[str, jax.Array]:
        pre, post = at.hertz(x.now), at.hertz(y.now)
        squared = Trace("post", self.tau_theta, "average").step(theta, (post**2).mean(0) / self.target, at.dt)
        return {"weight": self.eta * at.dt * at.outer(post * (post - theta[None]), pre), "theta": squared.now}
