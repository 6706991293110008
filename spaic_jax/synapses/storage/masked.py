"""One weight for every pair, and a mask of the pairs that have a synapse."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax.program import Context, Fragment, Given, Initial, Op, Site, Variable
from spaic_jax.synapses.pattern import Mask, Pattern
from spaic_jax.synapses.storage.base import Storage, matrix_of
from spaic_jax.synapses.storage.dense import product

if TYPE_CHECKING:
    from spaic_jax.synapses.links.weighted import Weighted


def masked(weight: jax.Array, mask: jax.Array) -> jax.Array:
    """The weights of the pairs that have a synapse."""
    return jnp.where(mask, weight, jnp.zeros_like(weight))


@dataclasses.dataclass(frozen=True)
class Masked(Storage):
    """A matrix `(post, pre)` with a constant mask, so that no training makes a synapse where there is none.

    The product is that of a full matrix, which is fast while the matrix is not large. Each synapse may have a delay.
    """

    def carry(self, link: Weighted, pattern: Pattern, site: Site, context: Context) -> Fragment:
        shape = (pattern.post, pattern.pre)
        weight = link.variable(site, "weight", shape, "post, pre", matrix_of(link, pattern, site))
        bias = link.biases(site, pattern.post)
        mask = Variable(f"{site.name}.mask", shape, "bool", "constant", init=_mask(pattern), dims=weight.dims)
        synapses = f"{site.name}.synapses"
        row = Op(synapses, masked, (weight.name, mask.name), name=synapses)
        return Fragment((weight, *bias, mask), (row,)) + product(site, context, synapses, bias)


def _mask(pattern: Pattern) -> Initial:
    if pattern.listed is None:
        return Mask(pattern)
    mask = np.zeros((pattern.post, pattern.pre), bool)
    mask[pattern.listed] = True
    return Given(mask)
