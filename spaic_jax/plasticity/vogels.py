"""Plasticity of inhibitory synapses that brings neurons to a rate."""

import dataclasses
from collections.abc import Mapping

import jax

from spaic_jax.plasticity.base import Rule, number, positive
from spaic_jax.plasticity.events import event_driven
from spaic_jax.plasticity.memory import Trace, Traced
from spaic_jax.plasticity.pathway import Meeting


@dataclasses.dataclass(frozen=True, kw_only=True)
class VogelsSTDP(Rule):
    """Inhibition grows with near-coincident spikes and shrinks with every presynaptic one, until neurons fire at a rate.

    $$ \\Delta W_{ij} = \\eta \\, (s_i x_j + (y_i - \\alpha) s_j), \\qquad \\alpha = 2 \\rho_0 \\tau $$

    with traces x and y of both ends that decay with `tau`. The order of the spikes makes no difference.

    Args:
        eta: learning rate; below 0 for inhibitory weights that are negative, above 0 for conductances.
        target: the rate rho_0, Hz.
        tau: time constant of the window, ms.
        batch: as of `Rule`.

    Raises:
        ValueError: a time constant that is not positive, a negative rate.

    Source: Vogels, Sprekeler, Zenke, Clopath and Gerstner, Inhibitory plasticity balances excitation and inhibition in
    sensory pathways and memory networks, Science 334 (2011).

    >>> VogelsSTDP(eta=-0.005, target=3.0).tau
    20.0
    """

    eta: float = number(0.005)
    target: float = number(5.0, least=0)
    tau: float = positive(20.0)

    def memories(self, dt: float) -> Mapping[str, Trace]:
        return {"x": Trace("pre", self.tau), "y": Trace("post", self.tau)}

    @event_driven
    def change(self, at: Meeting, *, x: Traced, y: Traced) -> Mapping[str, jax.Array]:
        alpha = 2 * self.tau * self.target / 1000
        return {"weight": self.eta * (at.outer(at.post, x.now) + at.outer(y.before - alpha, at.pre))}
