"""A fixed delay for each of the synapses that are stored as pairs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from spaic_jax.native.ring import arrive
from spaic_jax.program import Blocks, Context, Fragment, Given, Op, Site, Variable
from spaic_jax.program.blocks import Names, block_of
from spaic_jax.program.variable import Dim
from spaic_jax.synapses.delays.fixed import FixedDelay, steps_of, whole_steps
from spaic_jax.synapses.pattern import Pattern, of_synapses

#: What is handed to a ring and read of it: see `spaic_jax.native.ring.arrive`.
Arrive = Callable[..., tuple[jax.Array, jax.Array]]


def places(delay: jax.Array, post: jax.Array, *, slots: int, dt: float, columns: int) -> jax.Array:
    """Where in a ring of so many columns a slot a synapse delivers, counted from the slot of this step."""
    return steps_of(delay, slots=slots, dt=dt) * columns + post


def delivered_late(
    ahead: jax.Array,
    spikes: jax.Array,
    weight: jax.Array,
    place: jax.Array,
    start: jax.Array,
    step: jax.Array,
    bias: jax.Array | None = None,
    *,
    shape: tuple[int, ...],
    blocks: Blocks | None = None,
    arrive: Arrive = arrive,
) -> tuple[jax.Array, ...]:
    """What arrives now, in samples of a shape, and the ring of what is under way; the shape is that of a block, if there are any."""
    if blocks is not None:
        arrays = [ahead, spikes, weight, place, start, step, *([] if bias is None else [bias])]
        return blocks.carry_out(lambda *own: delivered_late(*own, shape=shape, arrive=arrive), arrays)
    batch = spikes.shape[0]
    current, ahead = arrive(ahead, spikes.reshape(batch, -1), weight, place, start, step, columns=math.prod(shape))
    return (current if bias is None else current + bias[None]).reshape(batch, *shape), ahead


def late(
    delay: FixedDelay, pattern: Pattern, blocks: int, site: Site, context: Context, synapses: Sequence[str], bias: Sequence[str]
) -> Fragment:
    """The delays, what is under way, and the rows from the synapses to the current.

    Args:
        delay: of the synapses.
        pattern, blocks: who is connected, and in how many blocks of postsynaptic neurons.
        site, context: where they stand.
        synapses: the reads of weights, `post` and `start`.
        bias: the read of a bias, if there is one.

    Raises:
        ValueError: delays of another number of synapses.
    """
    where = f"connection '{site.name}'"
    init, matrix = delay.first(), (pattern.post, pattern.pre)
    if isinstance(init, Given) and init.value.shape not in (matrix, (pattern.count,)):
        raise ValueError(
            f"{where}: delay has shape {np.shape(init.value)}, but needs {matrix} (post, pre) or {(pattern.count,)} (synapses)."
        )
    slots, columns = delay.slots(context.dt, where), math.prod(site.gives)
    if slots * columns >= 2**31:
        raise ValueError(f"{where}: {slots} steps of delay to {columns} neurons are more than 2 ** 31 numbers under way.")
    size, numbers = of_synapses(pattern, blocks, init)
    dims: tuple[Dim | None, ...] = ("block", None) if blocks > 1 else ()
    shape, ring = block_of(site.gives, blocks), (*size[:-1], slots * columns // blocks)
    times = Variable(f"{site.name}.delay", size, role="constant", init=numbers, bounds=delay.bounds, narrow=False, dims=dims)
    ahead = Variable(f"{site.name}.ahead", ring, narrow=False, ring=True, dims=dims)
    weight, post, start = synapses
    place, shares = f"{site.name}.place", f"{site.name}.shares"
    inputs = (ahead.name, site.source, weight, place, start, "[step]", *bias)
    settings: dict[str, Any] = {"shape": shape}
    if blocks > 1:
        under_way: Names = ("batch", "block")
        operands: tuple[Names, ...] = (under_way, ("batch",), *[("block",)] * 3, (), *[("post",)] * len(bias))
        settings["blocks"] = Blocks(blocks, operands, (("batch", "post"), under_way))
    steps = {"slots": slots, "dt": context.dt}
    rows = [
        Op(place, places, (times.name, post), name=place, settings={**steps, "columns": columns // blocks}),
        Op((site.target, ahead.name), delivered_late, inputs, name=site.name, settings=settings),
    ]
    if getattr(site.owner, "plasticity", ()):
        rows.append(Op(shares, whole_steps, times.name, name=shares, settings=steps))
    return Fragment((times, ahead), tuple(rows))
