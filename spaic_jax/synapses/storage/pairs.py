"""One weight for each synapse, and nothing for the pairs without one."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from spaic_jax._times import Deliver
from spaic_jax.native.delivery import deliver
from spaic_jax.program import Context, Fragment, Given, Op, Site, Variable
from spaic_jax.program.initial import as_initial
from spaic_jax.synapses.delays import FixedDelay
from spaic_jax.synapses.delays.pairs import late
from spaic_jax.synapses.pattern import Ends, Pattern, Start, of_each
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
    deliver: Deliver = deliver,
) -> jax.Array:
    """`I_i = sum_{k: post_k = i} w_k s_{pre_k} (+ b_i)`, by events; `shape` is that of a sample of the current."""
    batch = spikes.shape[0]
    current = deliver(spikes.reshape(batch, -1), weight, post, start, columns=math.prod(shape))
    return (current if bias is None else current + bias[None]).reshape(batch, *shape)


@dataclasses.dataclass(frozen=True)
class Pairs(Storage):
    """One weight a synapse, in rows by presynaptic neuron, so that a spike finds its synapses side by side.

    The constant `post` is the postsynaptic neuron of each synapse, and row `j` of those of presynaptic neuron `j` is
    `start[j]:start[j + 1]`. Only the synapses of what is not zero are gone through, so that a step costs what its spikes cost;
    nothing grows with the number of pairs. Each synapse may have a fixed delay.
    """

    def carry(self, link: Weighted, pattern: Pattern, site: Site, context: Context) -> Fragment:
        given = link.drawn() if link.weight is None else as_initial(link.weight)
        weight = link.variable(site, "weight", (pattern.count,), "synapses", of_each(pattern, given))
        bias = link.biases(site, pattern.post)
        places, delay = _places(site, pattern), site.owner.delay
        synapses, biases = tuple(v.name for v in (weight, *places)), tuple(v.name for v in bias)
        made = Fragment((weight, *bias, *places))
        if isinstance(delay, FixedDelay):
            return made + late(delay, pattern, site, context, synapses, biases)
        refuse_delays(site, "pairs", "but fixed ones")
        inputs = (site.source, *synapses, *biases)
        return made + Fragment(ops=(Op(site.target, delivered, inputs, name=site.name, settings={"shape": site.gives}),))


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
