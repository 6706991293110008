"""Spike-timing-dependent plasticity whose changes depend on how far a weight is from its bounds."""

import dataclasses
from collections.abc import Mapping

import jax
import jax.numpy as jnp

from spaic_jax.plasticity.base import number
from spaic_jax.plasticity.events import event_driven
from spaic_jax.plasticity.memory import Traced
from spaic_jax.plasticity.pathway import Meeting
from spaic_jax.plasticity.stdp import STDP
from spaic_jax.program import Context, Fragment, Site


@dataclasses.dataclass(frozen=True, kw_only=True)
class MultiplicativeSTDP(STDP):
    """STDP with soft bounds: a weight changes by what it is away from the bound that it moves to.

    $$ \\Delta W_{ij} = A_+ R (1 - u)^{\\mu_+} s_i x_j - A_- R u^{\\mu_-} y_i s_j, \\qquad
       u = (W_{ij} - w_{min}) / R, \\quad R = w_{max} - w_{min} $$

    with the traces of `STDP`. With both exponents 1 a pair changes a weight by `A_+ (w_max - W)` and `A_- (W - w_min)`;
    with `mu_plus=0` only depression depends on it, as in van Rossum et al.; with both 0 it is additive.

    Args:
        a_plus, a_minus: change of the weight by a pair without delay, as a part of what it is away from its bound.
        mu_plus, mu_minus: exponents, 0 or more.
        tau_plus, tau_minus, pairs, batch: as of `STDP`.

    Raises:
        ValueError: when the network is lowered, naming the connection, if that has no `w_min` or `w_max`, or no room
            between them.

    Source: Rubin, Lee and Sompolinsky, Physical Review Letters 86 (2001); van Rossum, Bi and Turrigiano, Journal of
    Neuroscience 20 (2000); the exponents from Gütig et al., Journal of Neuroscience 23 (2003).

    >>> MultiplicativeSTDP(mu_plus=0.0).mu_minus
    1.0
    """

    mu_plus: float = number(1.0, least=0)
    mu_minus: float = number(1.0, least=0)

    def lower(self, site: Site, context: Context) -> Fragment:
        link = site.owner.chain.link
        low, high = link.w_min, link.w_max
        if low is None or high is None or low == high:
            raise ValueError(
                f"connection '{context.name_of(site.owner)}': the rule {type(self).__name__} needs weights between two"
                f" bounds, but they have w_min {low} and w_max {high}."
            )
        return super().lower(site, context)

    @event_driven
    def change(self, at: Meeting, *, x: Traced, y: Traced) -> Mapping[str, jax.Array]:
        low, high = at.bounds
        assert low is not None and high is not None
        u = jnp.clip((at.weight - low) / (high - low), 0, 1)
        stronger = self.a_plus * (1 - u) ** self.mu_plus * at.outer(at.post, x.now)
        weaker = self.a_minus * u**self.mu_minus * at.outer(y.before, at.pre)
        return {"weight": (high - low) * (stronger - weaker)}
