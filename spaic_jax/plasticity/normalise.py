"""A fixed sum of the weights onto each neuron."""

import dataclasses
from typing import Literal

import jax
import jax.numpy as jnp

from spaic_jax.plasticity.base import Rule, choice, positive
from spaic_jax.plasticity.pathway import Synapses
from spaic_jax.plasticity.rows import bounded_at_once
from spaic_jax.program import Context, Fragment, Site

#: What a rule that normalises fixes.
SUM = "the sum of the weights onto a neuron"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Normalise(Rule):
    """The absolute weights onto each postsynaptic neuron sum to `total`.

    $$ W_{ij} \\leftarrow \\mathrm{total} \\; W_{ij} / \\textstyle\\sum_k |W_{ik}| $$

    A neuron whose weights are all zero keeps them. Where neurons share weights, as in a convolution, each weight is scaled
    by the mean over those that share it.

    Args:
        total: the sum.
        when: `"step"`, after the changes of every step, or `"presentation"`, at the beginning of each.

    Raises:
        ValueError: a total that is not positive.

    Source: SPAIC's STDP rules; Diehl and Cook, Frontiers in Computational Neuroscience 9 (2015).

    >>> Normalise(total=78.0).when
    'step'
    """

    total: float = positive()
    when: Literal["step", "presentation"] = choice("step", "presentation")

    def bound(self, weight: jax.Array, at: Synapses) -> jax.Array:
        return normalised(weight, at, self.total)

    @property
    def fixes(self) -> str:
        return SUM

    def lower(self, site: Site, context: Context) -> Fragment:
        made = super().lower(site, context)
        if self.when == "step":
            return made
        return made + Fragment(begin=bounded_at_once(self, site, context))

    def bounding(self, site: Site, context: Context, weights: str) -> Fragment:
        return super().bounding(site, context, weights) if self.when == "step" else Fragment()


def normalised(weight: jax.Array, at: Synapses, total: float | jax.Array) -> jax.Array:
    """Weights whose absolute values sum to `total` for each postsynaptic neuron that has any."""
    sums = at.incoming(jnp.abs(weight))
    return weight * at.spread(jnp.where(sums > 0, total / jnp.where(sums > 0, sums, 1), 1))
