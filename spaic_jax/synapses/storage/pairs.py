"""One weight for each synapse, and nothing for the pairs without one."""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp

from spaic_jax.program import Context, Fragment, Op, Site, Variable
from spaic_jax.program.initial import as_initial
from spaic_jax.synapses.pattern import Ends, Pattern, of_each
from spaic_jax.synapses.storage.base import Storage, refuse_delays

if TYPE_CHECKING:
    from spaic_jax.synapses.links.weighted import Weighted

#: Synapses that are delivered at once: what is computed of them stays in the cache.
TILE = 4096


def tiles(*arrays: jax.Array) -> tuple[jax.Array, ...]:
    """Weight, post and pre as `[tiles, size]`; what is added in the end has no weight."""
    count = arrays[0].shape[0]
    size = min(TILE, count)
    rest = -count % size
    weight, *index = arrays
    padded = [jnp.pad(weight, (0, rest)), *(jnp.pad(i, (0, rest), mode="edge") for i in index)]
    return tuple(x.reshape(-1, size) for x in padded)


def deliver(
    spikes: jax.Array,
    weight: jax.Array,
    post: jax.Array,
    pre: jax.Array,
    bias: jax.Array | None = None,
    *,
    shape: tuple[int, ...],
) -> jax.Array:
    """`I_i = sum_{k: post_k = i} w_k s_{pre_k} (+ b_i)`, tile by tile; `shape` is that of a sample of the current."""
    batch = spikes.shape[0]
    # The batch lies innermost, so that what is fetched and added for a synapse is contiguous.
    columns = spikes.reshape(batch, -1).T

    # The gradient fetches again what a tile has read: kept, it would fill a row for each synapse and sample.
    @functools.partial(jax.checkpoint, prevent_cse=False)
    def add(current: jax.Array, columns: jax.Array, tile: tuple[jax.Array, ...]) -> jax.Array:
        weight, post, pre = tile
        terms = columns.at[pre].get(mode="promise_in_bounds") * weight[:, None]
        return current.at[post].add(terms, mode="promise_in_bounds")

    zero = jnp.zeros((math.prod(shape), batch), spikes.dtype)
    current = jax.lax.scan(lambda now, tile: (add(now, columns, tile), None), zero, (weight, post, pre))[0].T
    return (current if bias is None else current + bias[None]).reshape(batch, *shape)


@dataclasses.dataclass(frozen=True)
class Pairs(Storage):
    """One weight a synapse, and its two ends as the constants `post` and `pre`, sorted by `pre`, then by `post`.

    Nothing grows with the number of pairs. Synapses have no delays of their own.
    """

    def carry(self, link: Weighted, pattern: Pattern, site: Site, context: Context) -> Fragment:
        refuse_delays(site, "pairs")
        given = link.drawn() if link.weight is None else as_initial(link.weight)
        weight = link.variable(site, "weight", (pattern.count,), "synapses", of_each(pattern, given))
        bias = link.biases(site, pattern.post)
        ends: tuple[Any, Any] = pattern.listed or (Ends(pattern, "post"), Ends(pattern, "pre"))
        places = tuple(
            Variable(f"{site.name}.{end}", (pattern.count,), "int32", "constant", init=as_initial(init))
            for end, init in zip(("post", "pre"), ends, strict=True)
        )
        parts = tuple(f"{site.name}.tiles_{part}" for part in ("weight", "post", "pre"))
        inputs = (site.source, *parts, *(variable.name for variable in bias))
        return Fragment(
            (weight, *bias, *places),
            (
                Op(parts, tiles, (weight.name, *(place.name for place in places)), name=f"{site.name}.tiles"),
                Op(site.target, deliver, inputs, name=site.name, settings={"shape": site.gives}),
            ),
        )
