"""A fixed delay for each of the synapses that are stored as pairs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import jax
import numpy as np

from spaic_jax.native.ring import arrive
from spaic_jax.program import Context, Fragment, Given, Op, Site, Variable
from spaic_jax.synapses.delays.fixed import FixedDelay, steps_of, whole_steps
from spaic_jax.synapses.pattern import Pattern, of_each

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
    arrive: Arrive = arrive,
) -> tuple[jax.Array, jax.Array]:
    """What arrives now, in samples of a shape, and the ring of what is under way."""
    batch = spikes.shape[0]
    current, ahead = arrive(ahead, spikes.reshape(batch, -1), weight, place, start, step, columns=math.prod(shape))
    return (current if bias is None else current + bias[None]).reshape(batch, *shape), ahead


def late(
    delay: FixedDelay, pattern: Pattern, site: Site, context: Context, synapses: Sequence[str], bias: Sequence[str]
) -> Fragment:
    """The delays, what is under way, and the rows from the synapses to the current.

    Args:
        delay: of the synapses.
        pattern: who is connected.
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
    settings = {"slots": slots, "dt": context.dt}
    times = Variable(
        f"{site.name}.delay", (pattern.count,), role="constant", init=of_each(pattern, init), bounds=delay.bounds,
        narrow=False,
    )
    ahead = Variable(f"{site.name}.ahead", (slots * columns,), narrow=False, ring=True)
    weight, post, start = synapses
    place, shares = f"{site.name}.place", f"{site.name}.shares"
    inputs = (ahead.name, site.source, weight, place, start, "[step]", *bias)
    rows = [
        Op(place, places, (times.name, post), name=place, settings={**settings, "columns": columns}),
        Op((site.target, ahead.name), delivered_late, inputs, name=site.name, settings={"shape": site.gives}),
    ]
    if getattr(site.owner, "plasticity", ()):
        rows.append(Op(shares, whole_steps, times.name, name=shares, settings=settings))
    return Fragment((times, ahead), tuple(rows))
