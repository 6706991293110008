"""Weights of a neuron that are scaled together until it fires at a rate."""

import dataclasses
from collections.abc import Mapping

import jax

from spaic_jax.plasticity.base import Rule, number, positive
from spaic_jax.plasticity.memory import Memory, Trace
from spaic_jax.plasticity.pathway import Meeting


@dataclasses.dataclass(frozen=True, kw_only=True)
class SynapticScaling(Rule):
    """All weights onto a neuron grow in proportion where it fires less than it should, and shrink where it fires more.

    $$ \\dot W_{ij} = \\eta \\, W_{ij} (y^* - y_i), \\qquad \\tau \\dot y_i = -y_i + s_i $$

    with the rate y in Hz. It begins at the target, is one number a neuron, the mean over the batch whatever `batch` says, and
    lasts over presentations.

    Args:
        eta: how fast weights scale, 1/(ms Hz).
        target: the rate, Hz.
        tau: time constant of the rate, ms.

    Raises:
        ValueError: a time constant or speed that is not positive, a negative rate.

    Source: Turrigiano et al., Nature 391 (1998); van Rossum, Bi and Turrigiano, Journal of Neuroscience 20 (2000).

    >>> SynapticScaling(target=5.0).tau
    10000.0
    """

    eta: float = positive(1e-6)
    target: float = number(10.0, least=0)
    tau: float = positive(10000.0)

    def memories(self, dt: float) -> Mapping[str, Memory]:
        return {"rate": Memory("post", init=self.target, batched=False, stay=True)}

    def change(self, at: Meeting, *, rate: jax.Array) -> Mapping[str, jax.Array]:
        rate = Trace("post", self.tau, "average").step(rate, at.hertz(at.post).mean(0), at.dt).now
        return {"weight": self.eta * at.dt * at.weight * at.spread(self.target - rate), "rate": rate}
