"""One weight for every pair."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import TYPE_CHECKING

import jax

from spaic_jax._times import Times, times
from spaic_jax.program import Context, Fragment, Op, Site, Variable
from spaic_jax.synapses.delays import SynapticDelay
from spaic_jax.synapses.pattern import All, Pattern, Placed
from spaic_jax.synapses.storage.base import Storage, matrix_of

if TYPE_CHECKING:
    from spaic_jax.synapses.links.weighted import Weighted


def affine(
    spikes: jax.Array, weight: jax.Array, bias: jax.Array | None = None, *, shape: tuple[int, ...], times: Times = times
) -> jax.Array:
    """`I = s W^T (+ b)` between two shapes, each taken flat; `shape` is that of a sample of the current."""
    batch = spikes.shape[0]
    current = times(spikes.reshape(batch, -1), weight)
    return (current if bias is None else current + bias[None]).reshape(batch, *shape)


def product(site: Site, context: Context, weight: str, bias: Iterable[Variable]) -> Fragment:
    """What follows a weight matrix `(post, pre)`: the product, or delays of each synapse and the product."""
    biases = tuple(variable.name for variable in bias)
    if isinstance(site.owner.delay, SynapticDelay):
        return site.owner.delay.carry(site, context, weight, biases)
    row = Op(site.target, affine, (site.source, weight, *biases), name=site.name, settings={"shape": site.gives})
    return Fragment(ops=(row,))


@dataclasses.dataclass(frozen=True)
class Dense(Storage):
    """A matrix `(post, pre)`: the fastest where most pairs have a synapse, and each synapse may have a delay.

    Pairs without a synapse begin with the weight 0 but are weights like others: training may make a synapse of them, as in
    SPAIC.
    """

    def carry(self, link: Weighted, pattern: Pattern, site: Site, context: Context) -> Fragment:
        init = matrix_of(link, pattern, site)
        init = init if isinstance(pattern, All) else Placed(pattern, init)
        weight = link.variable(site, "weight", (pattern.post, pattern.pre), "post, pre", init)
        bias = link.biases(site, pattern.post)
        return Fragment((weight, *bias)) + product(site, context, weight.name, bias)
