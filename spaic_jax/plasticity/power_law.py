"""Spike-timing-dependent plasticity whose potentiation grows with a power of the weight."""

import dataclasses
from collections.abc import Mapping

import jax
import jax.numpy as jnp

from spaic_jax.plasticity.base import number, positive
from spaic_jax.plasticity.events import event_driven
from spaic_jax.plasticity.memory import Traced
from spaic_jax.plasticity.pathway import Meeting
from spaic_jax.plasticity.stdp import STDP
from spaic_jax.program import Context, Fragment, Site


@dataclasses.dataclass(frozen=True, kw_only=True)
class PowerLawSTDP(STDP):
    """STDP whose potentiation grows with a power of the weight, and depression with the weight; it needs no upper bound.

    $$ \\Delta W_{ij} = A_+ w_0 (W_{ij} / w_0)^\\mu s_i x_j - A_- W_{ij} \\, y_i s_j $$

    with the traces of `STDP`.

    Args:
        a_plus, a_minus: change of a weight `w_0` by a pair without delay, as a part of it; lambda and lambda alpha in the
            paper.
        mu: the exponent, 0 or more.
        w_0: the weight for which both are what they are called; 1 pA in the paper.
        tau_plus, tau_minus, pairs, batch: as of `STDP`.

    Raises:
        ValueError: when the network is lowered, naming the connection, if its weights may be negative: `w_min` must be 0 or
            more.

    Source: Morrison, Aertsen and Diesmann, Spike-timing-dependent plasticity in balanced random networks, Neural Computation
    19 (2007).

    >>> PowerLawSTDP().mu
    0.4
    """

    a_plus: float = number(0.1, least=0)
    a_minus: float = number(0.011, least=0)
    mu: float = number(0.4, least=0)
    w_0: float = positive(1.0)

    def lower(self, site: Site, context: Context) -> Fragment:
        low = site.owner.chain.link.w_min
        if low is None or low < 0:
            raise ValueError(
                f"connection '{context.name_of(site.owner)}': the rule {type(self).__name__} needs weights that are not"
                f" negative, but they have w_min {low}: give it a w_min of 0 or more."
            )
        return super().lower(site, context)

    @event_driven
    def change(self, at: Meeting, *, x: Traced, y: Traced) -> Mapping[str, jax.Array]:
        grown = self.w_0 * (jnp.maximum(at.weight, 0) / self.w_0) ** self.mu
        stronger = self.a_plus * grown * at.outer(at.post, x.now)
        return {"weight": stronger - self.a_minus * at.weight * at.outer(y.before, at.pre)}
