"""One weight for each synapse, and nothing for the pairs without one."""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax._times import Deliver
from spaic_jax.native.delivery import deliver
from spaic_jax.program import Blocks, Context, Fragment, Given, Op, Site, Variable
from spaic_jax.program.blocks import Names, block_of, rows_of_blocks
from spaic_jax.program.initial import as_initial
from spaic_jax.synapses.delays import FixedDelay
from spaic_jax.synapses.delays.pairs import late
from spaic_jax.synapses.pattern import Blocked, Ends, InTable, Pattern, Start, of_synapses
from spaic_jax.synapses.storage.base import Storage, refuse_delays

if TYPE_CHECKING:
    from spaic_jax.synapses.links.weighted import Weighted


def delivered(
    spikes: jax.Array,
    weight: jax.Array,
    post: jax.Array,
    start: jax.Array,
    bias: jax.Array | None = None,
    *,
    shape: tuple[int, ...],
    blocks: Blocks | None = None,
    deliver: Deliver = deliver,
) -> jax.Array:
    """`I_i = sum_{k: post_k = i} w_k s_{pre_k} (+ b_i)`, by events; `shape` is that of a sample of the current, or of a block of it."""
    batch, columns = spikes.shape[0], math.prod(shape)
    spikes = spikes.reshape(batch, -1)
    if blocks is None:
        current = deliver(spikes, weight, post, start, columns=columns)
    else:
        weight, post, rows = weight.reshape(-1), post.reshape(-1), rows_of_blocks(start, post.shape[1])
        current = jnp.concatenate([deliver(spikes, weight, post, own, columns=columns) for own in rows], 1)
    return (current if bias is None else current + bias[None]).reshape(batch, -1, *shape[1:])


@dataclasses.dataclass(frozen=True)
class Pairs(Storage):
    """One weight a synapse, in rows by presynaptic neuron, so that a spike finds its synapses side by side.

    The constant `post` is the postsynaptic neuron of each synapse, and row `j` of those of presynaptic neuron `j` is
    `start[j]:start[j + 1]`. Only the synapses of what is not zero are gone through, so that a step costs what its spikes cost;
    nothing grows with the number of pairs. Each synapse may have a fixed delay.

    In blocks of postsynaptic neurons (`spaic_jax.build`) each block has such rows of its own, `[blocks, ...]`, with neurons counted from its
    first one on, and room for some synapses more than there are.
    """

    def carry(self, link: Weighted, pattern: Pattern, site: Site, context: Context) -> Fragment:
        given = link.drawn() if link.weight is None else as_initial(link.weight)
        blocks, delay = context.blocks_of(site.gives), site.owner.delay
        size, numbers = of_synapses(pattern, blocks, given)
        weight = link.variable(site, "weight", size, "blocks, places" if blocks > 1 else "synapses", numbers)
        places = _places_in_blocks(site, Blocked(pattern, blocks)) if blocks > 1 else _places(site, pattern)
        bias = link.biases(site, pattern.post)
        synapses, biases = tuple(v.name for v in (weight, *places)), tuple(v.name for v in bias)
        made = Fragment((weight, *bias, *places))
        if isinstance(delay, FixedDelay):
            return made + late(delay, pattern, blocks, site, context, synapses, biases)
        refuse_delays(site, "pairs", "but fixed ones")
        settings: dict[str, Any] = {"shape": block_of(site.gives, blocks)}
        if blocks > 1:
            operands: tuple[Names, ...] = (("batch",), ("block",), ("block",), ("block",), ("post",))
            settings["blocks"] = Blocks(operands[: 4 + len(bias)], (("batch", "post"),), pattern.count)
        inputs = (site.source, *synapses, *biases)
        return made + Fragment(ops=(Op(site.target, delivered, inputs, name=site.name, settings=settings),))


def _places(site: Site, pattern: Pattern) -> tuple[Variable, Variable]:
    """Where the synapses lie: `post` of each, and the `start` of each row. A file of other neurons is beyond their bounds."""
    post: Any = Ends(pattern, "post")
    start: Any = Start(pattern)
    if pattern.listed is not None:
        ends = pattern.listed
        post, start = Given(ends[0]), Given(np.searchsorted(ends[1], np.arange(pattern.pre + 1)).astype(np.int32))
    return (
        Variable(f"{site.name}.post", (pattern.count,), "int32", "constant", init=post, bounds=(0, pattern.post - 1)),
        Variable(f"{site.name}.start", (pattern.pre + 1,), "int32", "constant", init=start, bounds=(0, pattern.count)),
    )


def _places_in_blocks(site: Site, blocked: Blocked) -> tuple[Variable, Variable]:
    """The same in blocks."""
    constant = functools.partial(Variable, dtype="int32", role="constant", dims=("block", None))
    return (
        constant(f"{site.name}.post", (blocked.blocks, blocked.width), init=InTable(blocked, "post"), bounds=(0, blocked.each - 1)),
        constant(
            f"{site.name}.start", (blocked.blocks, blocked.pattern.pre + 1), init=InTable(blocked, "start"), bounds=(0, blocked.width)
        ),
    )
