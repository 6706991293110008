"""What events deliver over single synapses, at the cost of the synapses of what is not zero.

The three arrays of the layer are what it takes, `(..., presynaptic)`, the weight of each synapse, `(synapses,)`, and what it gives,
`(..., postsynaptic)`. Synapses lie in rows by presynaptic neuron: those of neuron `j` are `start[j]:start[j + 1]`, and go to `post`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal

import jax
import jax.numpy as jnp

from spaic_jax._dtypes import wide
from spaic_jax._shapes import Array, Shaped
from spaic_jax.native import bilinear, kernels
from spaic_jax.native.bilinear import Ways
from spaic_jax.native.partition import typed

#: The name of the primitive, by which a plan finds that a row delivers.
NAME = "delivery_of_events"
#: One chunk of events for so many numbers, within limits; and numbers that are worked on at once where all rows are gone through.
EVENTS_OF, FEWEST, MOST, AT_ONCE = 512, 8, 256, 2**15
#: The share of numbers that are no zeros from which all rows are gone through, for few samples and for many, as measured.
MANY, DENSE = 8, (1 / 8, 1 / 32)

#: From what is kept so far, which rows these are, places of synapses `[rows, width]` and whether these are there, to what is kept.
Step = Callable[[Any, jax.Array, jax.Array, jax.Array], Any]
#: From the number of the first row of a chunk to rows: which ones, their presynaptic neurons, and whether they are there.
Rows = Callable[[jax.Array], tuple[jax.Array, jax.Array, jax.Array]]


def deliver(
    events: Shaped[Array, "*m pre"],
    weight: Shaped[Array, "s"],
    post: Shaped[Array, "s"],
    start: Shaped[Array, "pre+1"],
    *,
    columns: int,
    choice: Literal["events"] | None = None,
) -> Shaped[Array, "*m columns"]:
    """The sum of weight times event at each of `columns` postsynaptic neurons, and derivatives to match.

    $$ y_i = \\sum_{j:\\, x_j \\ne 0} x_j \\sum_{k:\\, post_k = i} w_k, \\quad start_j \\le k < start_{j + 1} $$

    It is exact for any number of events and synapses a neuron. Numbers are added up in float32 at least.

    Args:
        events: numbers of any size, mostly zero.
        weight: one a synapse.
        post, start: int32.
        columns: the number of postsynaptic neurons.
        choice: `"events"` for the compiled kernels where they can be, on the CPU; `None` for plain JAX.

    Raises:
        ValueError: more than 2 ** 31 numbers in one call of plain JAX.

    >>> ints = lambda *numbers: jnp.array(numbers, jnp.int32)
    >>> deliver(jnp.array([0.0, 2.0]), jnp.array([1.0, 3.0, 4.0]), ints(0, 0, 2), ints(0, 1, 3), columns=3).tolist()
    [6.0, 0.0, 8.0]
    """
    if typed(events, weight):
        pre = jnp.searchsorted(start, jnp.arange(post.size, dtype=start.dtype), side="right") - 1
        dtype, batch = wide(weight.dtype), events.shape[:-1]
        sent = events[..., pre].astype(dtype) * jnp.broadcast_to(weight.astype(dtype), (*batch, post.size))
        return jnp.zeros((*batch, columns), dtype).at[..., post].add(sent).astype(weight.dtype)
    return _deliver(events, weight, post, start, gives="given", columns=columns, choice=choice)


def shape_of(a: Any, b: Any, post: Any, start: Any, *, gives: str, columns: int) -> tuple[int, ...]:
    """The shape of what each of the three maps gives."""
    batch = a.shape[:-1]
    return {"given": (*batch, columns), "taken": (*batch, start.shape[0] - 1), "weight": post.shape}[gives]


def plain(a: jax.Array, b: jax.Array, post: jax.Array, start: jax.Array, *, gives: str, columns: int) -> jax.Array:
    """The three maps in plain JAX, of any leading axes."""
    dtype, m, pre = b.dtype, math.prod(a.shape[:-1]), start.shape[0] - 1
    shape = shape_of(a, b, post, start, gives=gives, columns=columns)
    if not m or not post.size:
        return jnp.zeros(shape, dtype)
    a, b = a.astype(wide(dtype)), b.astype(wide(dtype))
    if gives == "weight":
        made = _weight(b.reshape(m, pre), a.reshape(m, columns), post, start)
    elif gives == "taken":
        made = _taken(a.reshape(m, columns), b, post, start).T
    else:
        made = _given(a.reshape(m, pre), b, post, start, columns)
    return made.reshape(shape).astype(dtype)


def _given(events: jax.Array, weight: jax.Array, post: jax.Array, start: jax.Array, columns: int) -> jax.Array:
    m, pre = events.shape

    def by_events(found: Found) -> jax.Array:
        flat = events.reshape(-1)

        def step(current: jax.Array, which: jax.Array, at: jax.Array, live: jax.Array) -> jax.Array:
            terms = jnp.where(live, flat[which][:, None] * weight[at], 0)
            return _add(current, ((which // pre)[:, None], post[at]), terms)

        return walk(start, post.size, found, step, jnp.zeros((m, columns), weight.dtype))

    def by_rows() -> jax.Array:
        # The samples lie innermost, so that what is fetched and added for a synapse is contiguous.
        samples = events.T

        def step(current: jax.Array, which: jax.Array, at: jax.Array, live: jax.Array) -> jax.Array:
            return _add(current, post[at], jnp.where(live, weight[at], 0)[..., None] * samples[which][:, None])

        return all_rows(start, post.size, m, step, jnp.zeros((columns, m), weight.dtype)).T

    return _where_many(events, by_events, by_rows)


def _weight(events: jax.Array, given: jax.Array, post: jax.Array, start: jax.Array) -> jax.Array:
    m, pre = events.shape
    none = jnp.zeros(post.size, given.dtype)

    def by_events(found: Found) -> jax.Array:
        flat = events.reshape(-1)

        def step(slope: jax.Array, which: jax.Array, at: jax.Array, live: jax.Array) -> jax.Array:
            there = given[(which // pre)[:, None], post[at]]
            return _add(slope, at, jnp.where(live, flat[which][:, None] * there, 0))

        return walk(start, post.size, found, step, none)

    def by_rows() -> jax.Array:
        samples, given_samples = events.T, given.T

        def step(slope: jax.Array, which: jax.Array, at: jax.Array, live: jax.Array) -> jax.Array:
            return _add(slope, at, jnp.where(live, (given_samples[post[at]] * samples[which][:, None]).sum(-1), 0))

        return all_rows(start, post.size, m, step, none)

    return _where_many(events, by_events, by_rows)


def _taken(given: jax.Array, weight: jax.Array, post: jax.Array, start: jax.Array) -> jax.Array:
    samples = given.T

    def step(taken: jax.Array, which: jax.Array, at: jax.Array, live: jax.Array) -> jax.Array:
        return _add(taken, which, (jnp.where(live, weight[at], 0)[..., None] * samples[post[at]]).sum(1))

    return all_rows(start, post.size, given.shape[0], step, jnp.zeros((start.shape[0] - 1, given.shape[0]), given.dtype))


def _add(to: jax.Array, at: Any, terms: jax.Array) -> jax.Array:
    return to.at[at].add(terms, mode="promise_in_bounds")


class Found:
    """The numbers that are not zero, of an array `[m, pre]`: how many there are, and where, chunk by chunk.

    A bit a number, and counts of words of bits: the place of an event is looked for when its chunk comes, so that the cost beyond the
    events is that of looking at every number once. A chunk has so many events, by default as many as suits a delivery.
    """

    def __init__(self, events: jax.Array, chunk: int | None = None):
        if events.size >= 2**31:
            m, pre = events.shape
            raise ValueError(f"what {pre} neurons give in {m} samples and steps cannot be delivered at once: use a shorter tile.")
        self.size, self.pre = events.size, events.shape[1]
        self.chunk = min(max(self.size // EVENTS_OF, FEWEST), MOST) if chunk is None else chunk
        bits = jnp.pad(events.astype(bool).reshape(-1), (0, -self.size % 32)).reshape(-1, 32).astype(jnp.uint32)
        self._words = (bits << jnp.arange(32, dtype=jnp.uint32)[None]).sum(1, dtype=jnp.uint32)
        self._counts = jnp.cumsum(_ones(self._words))
        self.total = self._counts[-1]

    def __call__(self, first: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        """The places of so many events from the first of a chunk, in the flat array; their neurons; and whether they are there."""
        number = first + jnp.arange(self.chunk, dtype=jnp.int32)
        method = "compare_all" if self._counts.size <= 256 else "scan_unrolled"
        place = jnp.searchsorted(self._counts, number + 1, method=method).astype(jnp.int32)
        place = jnp.minimum(place, self._counts.size - 1)
        word = self._words[place]
        left, bit = number - (self._counts[place] - _ones(word)), jnp.zeros_like(number)
        for half in (16, 8, 4, 2, 1):
            low = _ones((word >> bit.astype(jnp.uint32)) & jnp.uint32(2**half - 1))
            beyond = left >= low
            left, bit = jnp.where(beyond, left - low, left), jnp.where(beyond, bit + half, bit)
        which = jnp.minimum(32 * place + bit, self.size - 1)
        return which, which % self.pre, number < self.total


def _ones(words: jax.Array) -> jax.Array:
    return jax.lax.population_count(words).astype(jnp.int32)


def _where_many(events: jax.Array, by_events: Callable[[Found], jax.Array], by_rows: Callable[[], jax.Array]) -> jax.Array:
    """By events, or where many numbers are not zero, by all rows at once for all samples."""
    found = Found(events)
    share = DENSE[events.shape[0] >= MANY]
    return jax.lax.cond(found.total > int(share * events.size) + FEWEST, by_rows, lambda: by_events(found))


def width_of(synapses: int, pre: int) -> int:
    """Synapses of a row that are delivered at once: those of most rows, where each pair has a synapse by chance."""
    mean = synapses / pre
    return min(max(4 * math.ceil((mean + 2.5 * math.sqrt(mean)) / 4), 4), 1024)


def walk(start: jax.Array, synapses: int, rows: Found, step: Step, made: Any, total: jax.Array | None = None) -> Any:
    """Goes through the synapses of the rows of events, chunk by chunk; of so many events, by default of all."""
    total = rows.total if total is None else total
    return _walk(start, synapses, rows, rows.chunk, total, width_of(synapses, start.shape[0] - 1), step, made)


def all_rows(start: jax.Array, synapses: int, samples: int, step: Step, made: Any) -> Any:
    """Goes through the synapses of all rows; so many numbers are worked on for each synapse."""
    pre = start.shape[0] - 1
    width = max(min(width_of(synapses, pre), 32 * AT_ONCE // samples), 1)
    size = min(max(AT_ONCE // (width * samples), 1), pre)

    def rows(first: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        number = first + jnp.arange(size, dtype=jnp.int32)
        neuron = jnp.minimum(number, pre - 1)
        return neuron, neuron, number < pre

    return _walk(start, synapses, rows, size, jnp.int32(pre), width, step, made)


def _walk(
    start: jax.Array, synapses: int, rows: Rows, size: int, total: jax.Array, width: int, step: Step, made: Any
) -> Any:
    """One loop over chunks of rows, and in each over pieces of so many synapses until its longest row is done."""

    def body(carry: tuple[jax.Array, jax.Array, Any]) -> tuple[jax.Array, jax.Array, Any]:
        first, offset, made = carry
        which, neuron, there = rows(first)
        begin, end = start[neuron] + offset, jnp.where(there, start[neuron + 1], 0)
        at = begin[:, None] + jnp.arange(width, dtype=jnp.int32)[None]
        made = step(made, which, jnp.minimum(at, synapses - 1), at < end[:, None])
        more = (begin + width < end).any()
        return jnp.where(more, first, first + size), jnp.where(more, offset + width, 0), made

    return jax.lax.while_loop(lambda carry: carry[0] < total, body, (jnp.int32(0), jnp.int32(0), made))[2]


def ways(a: jax.Array, b: jax.Array, post: jax.Array, start: jax.Array, *, gives: str, choice: str, columns: int) -> Ways:
    """The kernels, whatever the number of events."""
    calls = {
        "given": lambda: kernels.deliver(a, b, post, start, columns),
        "taken": lambda: kernels.deliver_back(a, b, post, start),
        "weight": lambda: kernels.deliver_weight(b, a, post, start),
    }
    known = a.dtype == b.dtype and a.dtype in (jnp.float32, jnp.float64) and a.size and post.size
    return [(a, 1.0, calls[gives])] if known else [], calls[gives]


_deliver = bilinear.primitive(NAME, 1, plain, ways, whole=2, in_turn=True, shape=shape_of)
