"""A fixed delay for each of the synapses that are stored as pairs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax.native.ring import arrive
from spaic_jax.program import Blocks, Context, Fragment, Given, Op, Site, Variable
from spaic_jax.program.blocks import Names, block_of, rows_of_blocks
from spaic_jax.program.variable import Dim
from spaic_jax.synapses.delays.axonal import delayed
from spaic_jax.synapses.delays.fixed import FixedDelay, steps_of, whole_steps
from spaic_jax.synapses.pattern import Pattern, of_synapses

#: What is handed to a ring and read of it: see `spaic_jax.native.ring.arrive`.
Arrive = Callable[..., tuple[jax.Array, jax.Array]]


def places(delay: jax.Array, post: jax.Array, *, slots: int, dt: float, columns: int, gone: int = 0, blocks: Blocks | None = None) -> jax.Array:
    """Where in a ring of so many columns a slot, of each block, a synapse delivers, counted from the slot of this step, when so many
    steps are gone."""
    count, steps = 1 if blocks is None else post.shape[0], jnp.maximum(steps_of(delay, slots=slots, dt=dt) - gone, 0)
    place = steps * (count * columns) + post
    return place if blocks is None else place + jnp.arange(0, count * columns, columns, dtype=place.dtype)[:, None]


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
) -> tuple[jax.Array, jax.Array]:
    """What arrives now, in samples of a shape, and the ring of what is under way; the shape is that of a block, if there are any."""
    batch = spikes.shape[0]
    starts = (start,) if blocks is None else tuple(rows_of_blocks(start, place.shape[1]))
    current, ahead = arrive(ahead, spikes.reshape(batch, -1), weight.reshape(-1), place.reshape(-1), starts, step)
    return (current if bias is None else current + bias[None]).reshape(batch, -1, *shape[1:]), ahead


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
    shape, columns, bounds = block_of(site.gives, blocks), columns // blocks, delay.bounds
    dims: tuple[Dim | None, ...] = ()
    source, made, gone = site.source, Fragment(), 0
    if blocks > 1:
        dims, bounds = ("block", None), (delay.shortest, delay.max_delay)
        gone = int(steps_of(jnp.float32(delay.shortest), slots=slots, dt=context.dt))
    if gone:
        # What all synapses wait for is waited for in front of them: so long devices need not hear of each other.
        source, made = delayed(site.name, source, site.takes, gone)
    times = Variable(f"{site.name}.delay", size, role="constant", init=numbers, bounds=bounds, narrow=False, dims=dims)
    under_way = (slots - gone, columns * blocks)
    ahead = Variable(f"{site.name}.ahead", under_way, narrow=False, ring=True, dims=(None, "post") if blocks > 1 else ())
    weight, post, start = synapses
    place, shares = f"{site.name}.place", f"{site.name}.shares"
    inputs = (ahead.name, source, weight, place, start, "[step]", *bias)
    steps: dict[str, Any] = {"slots": slots, "dt": context.dt}
    settings: dict[str, Any] = {"shape": shape}
    of_place = {**steps, "columns": columns, "gone": gone}
    if blocks > 1:
        ring: Names = ("batch", None, "post")
        operands: tuple[Names, ...] = (ring, ("batch",), ("block",), ("block",), ("block",), (), ("post",))
        settings["blocks"] = Blocks(operands[: 6 + len(bias)], (("batch", "post"), ring), pattern.count)
        of_place["blocks"] = Blocks((("block",), ("block",)), (("block",),))
    rows = [
        Op(place, places, (times.name, post), name=place, settings=of_place),
        Op((site.target, ahead.name), delivered_late, inputs, name=site.name, settings=settings),
    ]
    if getattr(site.owner, "plasticity", ()):
        rows.append(Op(shares, whole_steps, times.name, name=shares, settings=steps))
    return made + Fragment((times, ahead), tuple(rows))
