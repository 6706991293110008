"""SPAIC's STDP of nearest spikes."""

import dataclasses
from collections.abc import Mapping

import jax
import jax.numpy as jnp

from spaic_jax.plasticity.base import Rule, number, positive
from spaic_jax.plasticity.events import event_driven
from spaic_jax.plasticity.memory import Trace, Traced
from spaic_jax.plasticity.normalise import SUM, normalised
from spaic_jax.plasticity.pathway import Meeting, Synapses
from spaic_jax.program import Context, Fragment, Site

#: The sum of the weights onto a neuron that SPAIC fixes: 0.1 for each pixel of MNIST.
SPAIC_NORM = 78.4


@dataclasses.dataclass(frozen=True, kw_only=True)
class NearestOnlineSTDP(Rule):
    """Pair-based STDP in which only the nearest spikes interact, with a fixed sum of the weights onto each neuron.

    $$ \\Delta W_{ij} = A_{post} \\, s_i x_j - A_{pre} \\, y_i s_j, \\qquad
       W_{ij} \\leftarrow w_{norm} W_{ij} / \\textstyle\\sum_k |W_{ik}| $$

    The traces x and y are 1 at a spike and decay with `tau_pre` and `tau_post`. Spikes of the same step strengthen only.
    The weights keep to `w_min` and `w_max` of the connection.

    `compat=True` is SPAIC step by step: a change acts two steps after its spikes, spikes of the same step also weaken, time
    constants are in steps (SPAIC's `trace_pre` is `exp(-1 / tau_pre)`), and in every step the weights onto a neuron are
    brought to a sum of 78.4 (or `w_norm`), then clipped to [0, 1]. With fewer than 79 synapses all of them reach 1. SPAIC does
    so once more when it builds a network, to the first weights.

    Args:
        a_post: change at a postsynaptic spike right after a presynaptic one (SPAIC's `Apost`).
        a_pre: change at a presynaptic spike right after a postsynaptic one (`Apre`).
        tau_pre, tau_post: time constants of the traces, ms.
        w_norm: sum of the absolute weights onto each neuron after every step; `None` leaves it free.
        compat: SPAIC's order, units and bounds.
        batch: as of `Rule`; SPAIC's is the sum.

    Raises:
        ValueError: a time constant or sum that is not positive, a negative amplitude.

    Source: SPAIC, `nearest_online_stdp`; Diehl and Cook, Frontiers in Computational Neuroscience 9 (2015).

    >>> NearestOnlineSTDP(w_norm=78.4).tau_pre
    20.0
    """

    a_post: float = number(1e-2, least=0)
    a_pre: float = number(1e-4, least=0)
    tau_pre: float = positive(20.0)
    tau_post: float = positive(20.0)
    w_norm: float | None = positive(None)
    compat: bool = False

    @property
    def fixes(self) -> str | None:
        return SUM if self.compat or self.w_norm is not None else None

    @property
    def late(self) -> int | None:
        return 2 if self.compat else None

    def memories(self, dt: float) -> Mapping[str, Trace]:
        unit = dt if self.compat else 1.0
        return {"x": Trace("pre", self.tau_pre * unit, "nearest"), "y": Trace("post", self.tau_post * unit, "nearest")}

    @event_driven
    def change(self, at: Meeting, *, x: Traced, y: Traced) -> Mapping[str, jax.Array]:
        weakens = y.now if self.compat else y.before
        return {"weight": self.a_post * at.outer(at.post, x.now) - self.a_pre * at.outer(weakens, at.pre)}

    def bound(self, weight: jax.Array, at: Synapses) -> jax.Array:
        total = SPAIC_NORM if self.compat and self.w_norm is None else self.w_norm
        weight = weight if total is None else normalised(weight, at, total)
        return jnp.clip(weight, 0, 1) if self.compat else weight

    def bounding(self, site: Site, context: Context, weights: str) -> Fragment:
        bare = type(self).bound is NearestOnlineSTDP.bound and not self.compat and self.w_norm is None
        return Fragment() if bare else super().bounding(site, context, weights)
