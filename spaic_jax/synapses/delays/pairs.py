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


def delivered_late(
    ahead: jax.Array,
    spikes: jax.Array,
    weight: jax.Array,
    post: jax.Array,
    start: jax.Array,
    steps: jax.Array,
    step: jax.Array,
    bias: jax.Array | None = None,
    *,
    shape: tuple[int, ...],
    arrive: Arrive = arrive,
) -> tuple[jax.Array, jax.Array]:
    """What arrives now, in samples of a shape, and the ring of what is under way."""
    batch = spikes.shape[0]
    current, ahead = arrive(ahead, spikes.reshape(batch, -1), weight, post, start, steps, step)
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
    slots = delay.slots(context.dt, where)
    settings = {"slots": slots, "dt": context.dt}
    times = Variable(
        f"{site.name}.delay", (pattern.count,), role="constant", init=of_each(pattern, init), bounds=delay.bounds,
        narrow=False,
    )
    ahead = Variable(f"{site.name}.ahead", (slots, math.prod(site.gives)), narrow=False, ring=True)
    steps, shares = f"{site.name}.steps", f"{site.name}.shares"
    inputs = (ahead.name, site.source, *synapses, steps, "[step]", *bias)
    rows = [
        Op(steps, steps_of, times.name, name=steps, settings=settings),
        Op((site.target, ahead.name), delivered_late, inputs, name=site.name, settings={"shape": site.gives}),
    ]
    if getattr(site.owner, "plasticity", ()):
        rows.append(Op(shares, whole_steps, times.name, name=shares, settings=settings))
    return Fragment((times, ahead), tuple(rows))
