"""Learning at the cost of the spikes: where a rule changes only synapses whose neurons fire, no others are looked at."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax.native.delivery import Found, walk, width_of
from spaic_jax.plasticity.memory import Trace
from spaic_jax.plasticity.pathway import Meeting, Pathway
from spaic_jax.program import Context, Site, Variable
from spaic_jax.program.blocks import rows_of_blocks
from spaic_jax.synapses.delays import SynapticDelay
from spaic_jax.synapses.storage.pairs import delivered

if TYPE_CHECKING:
    from spaic_jax.plasticity.base import Rule

#: The share of the synapses that are touched from which on all are gone through, as measured.
MANY = 1 / 32
#: Synapses that are looked at at once where few are touched, as measured.
AT_ONCE = 1024

Change = TypeVar("Change", bound=Callable[..., Any])


def event_driven(change: Change) -> Change:
    """Says of a rule's `change` that a weight stays as it is in a step in which neither of its neurons fires.

    Synapses that are stored as pairs then learn at the cost of the spikes: `change` is called with some of them at a time, of
    which it knows all but what is `incoming`. This is so for the only rule of weights that are not shared and have no delay
    each, if it draws nothing, remembers nothing but traces and has no `bound`; elsewhere it changes nothing. It is said of one
    function: a rule that inherits, with a `change` of its own, says it anew.

    >>> import dataclasses
    >>> from spaic_jax.plasticity import Rule, Trace
    >>> @dataclasses.dataclass(frozen=True, kw_only=True)
    ... class Coincidence(Rule):
    ...     def memories(self, dt):
    ...         return {"x": Trace("pre", tau=5.0)}
    ...     @event_driven
    ...     def change(self, at, *, x):
    ...         return {"weight": 0.01 * at.outer(at.post, x.now)}
    """
    change.event_driven = True  # type: ignore[attr-defined]
    return change


def by_events(rule: Rule, site: Site, context: Context) -> bool:
    """Whether a rule, the only one of weights that are not shared, is evaluated where neurons fire."""
    if not getattr(rule.change, "event_driven", False) or rule.random or isinstance(site.owner.delay, SynapticDelay):
        return False
    if not all(isinstance(memory, Trace) for memory in rule.memories(context.dt).values()):
        return False
    pathway = Pathway.of(site, context)
    return [op.fn for op in pathway.ops] == [delivered] and not rule.bounding(site, context, pathway.weight).ops


def fan_in(name: str, pathway: Pathway) -> dict[str, Variable]:
    """The synapses of a connection in rows by postsynaptic neuron, of 8 bytes a synapse, by what `touched` calls them."""

    *blocks, count = pathway.weights
    neurons = math.prod(pathway.gives) // math.prod(blocks)
    dims: tuple[Any, ...] = ("block", None) if blocks else ()

    def constant(part: str, size: int, function: Callable[..., Any]) -> Variable:
        derived = ((f"{name}.post", f"{name}.start"), function)
        return Variable(f"{name}.{part}", (*blocks, size), "int32", "constant", derived=derived, dims=dims)

    return {
        "into": constant("fan_in", count, places_by_post),
        "into_start": constant("fan_in_start", neurons + 1, starts_by_post),
        "pre": constant("fan_in_pre", count, pre_of_each),
    }


def _in_each_block(function: Callable[..., jax.Array]) -> Callable[..., jax.Array]:
    """A function of the `post` and `start` of synapses, and of a shape, where these may lie in blocks: of one after the other."""

    @functools.wraps(function)
    def of(post: jax.Array, start: jax.Array, shape: tuple[int, ...]) -> jax.Array:
        if len(shape) == 1:
            return function(post, start, shape)
        return jnp.stack([function(*own, shape[1:]) for own in zip(post, start, strict=True)])

    return of


@_in_each_block
def places_by_post(post: jax.Array, start: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """The synapses of all postsynaptic neurons, one neuron's after the other's, and empty places last."""
    if isinstance(post, jax.core.Tracer):
        return jnp.argsort(jnp.where(jnp.arange(shape[0]) < start[-1], post, 2**31 - 1), stable=True).astype("int32")
    # On the host in a thirtieth of the time.
    place = np.arange(shape[0])
    neuron = np.where(place < np.asarray(start)[-1], np.asarray(post, np.int64), 2**31 - 1)
    return jnp.asarray(np.sort((neuron << 32) | place).astype(np.int32))


@_in_each_block
def starts_by_post(post: jax.Array, start: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """Where those of each postsynaptic neuron begin."""
    following = jnp.where(jnp.arange(post.size) < start[-1], post + 1, shape[0])
    return jnp.zeros(shape, "int32").at[following].add(1, mode="drop").cumsum(dtype="int32")


@_in_each_block
def pre_of_each(post: jax.Array, start: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """The presynaptic neuron of each synapse."""
    neurons = jnp.arange(start.size - 1, dtype="int32")
    return jnp.repeat(neurons, jnp.diff(start), total_repeat_length=shape[0])


@dataclasses.dataclass(frozen=True, kw_only=True)
class Touched(Meeting):
    """Some synapses of those that are stored as pairs.

    Attributes:
        ends: the postsynaptic and the presynaptic neuron of each, arrays of a shape that `weight` has too.
    """

    ends: tuple[jax.Array, jax.Array]

    def incoming(self, weight: jax.Array) -> jax.Array:
        raise ValueError("a change that is event_driven is told some synapses at a time: it cannot add up what is incoming.")

    def spread(self, post: jax.Array) -> jax.Array:
        return post.reshape(-1)[self.ends[0]]

    def _at_once(self, post: jax.Array, pre: jax.Array) -> jax.Array:
        values = ((post, self.ends[0]), (pre, self.ends[1]))
        one, other = (x.reshape(x.shape[0], -1).astype(self.weight.dtype)[:, of] for x, of in values)
        return (one * other).sum(0)


def touched(meeting: Meeting, table: Mapping[str, jax.Array], new: Callable[[Touched], jax.Array]) -> jax.Array:
    """The weights where each synapse whose neurons fire has a new one; all others stay in their places.

    Args:
        meeting: all synapses.
        table: `post` and `start` of the synapses in rows by presynaptic neuron, and what `fan_in` says; perhaps in blocks.
        new: the new weights of some synapses.
    """
    post_of, pre_of, into = (table[part].reshape(-1) for part in ("post", "pre", "into"))
    rows, columns = (x[None] if x.ndim == 1 else x for x in (table["start"], table["into_start"]))
    (blocks, _), width = rows.shape, table["post"].shape[-1]
    fired, fired_post = ((x != 0).reshape(x.shape[0], -1).any(0) for x in (meeting.pre, meeting.post))
    each = fired_post.size // blocks
    found = Found(fired[None], _chunk(meeting, fired.size))
    found_post = [
        Found(jax.lax.slice_in_dim(fired_post, number * each, (number + 1) * each)[None], _chunk(meeting, each)) for number in range(blocks)
    ]
    total = sum(events.total for events in found_post)
    many = found.total / fired.size + total / fired_post.size > MANY
    shared = {field.name: getattr(meeting, field.name) for field in dataclasses.fields(Meeting)}

    def of(weight: jax.Array, post: jax.Array, pre: jax.Array) -> jax.Array:
        return new(Touched(**{**shared, "weight": weight}, ends=(post, pre)))

    def put(weight: jax.Array, at: jax.Array, there: jax.Array, post: jax.Array, pre: jax.Array) -> jax.Array:
        return weight.at[jnp.where(there, at, weight.size)].set(of(weight[at], post, pre), mode="drop")

    def whole(weight: jax.Array) -> jax.Array:
        if meeting.weight.ndim == 1:
            return of(weight, post_of, pre_of)
        first = jnp.arange(blocks, dtype=post_of.dtype)[:, None] * each
        there = jnp.arange(width)[None] < rows[:, -1:]
        return jnp.where(there.reshape(-1), of(weight, (post_of.reshape(blocks, width) + first).reshape(-1), pre_of), weight)

    # Loops, as a conditional would copy all weights.
    _, weight = jax.lax.while_loop(
        lambda carry: carry[0], lambda carry: (jnp.array(False), whole(carry[1])), (many, meeting.weight.reshape(-1))
    )
    for number, (start, into_start) in enumerate(zip(rows_of_blocks(rows, width), rows_of_blocks(columns, width), strict=True)):
        first, begin = number * each, number * width

        def row(weight: jax.Array, pre: jax.Array, at: jax.Array, there: jax.Array, first: int = first) -> jax.Array:
            return put(weight, at, there, post_of[at] + first, jnp.broadcast_to(pre[:, None], at.shape))

        def column(
            weight: jax.Array, post: jax.Array, place: jax.Array, there: jax.Array, first: int = first, begin: int = begin
        ) -> jax.Array:
            at = into[place] + begin
            pre = pre_of[at]
            # Those whose presynaptic neuron fires have changed already.
            return put(weight, at, there & ~fired[pre], jnp.broadcast_to(post[:, None] + first, at.shape), pre)

        for events, begins, step in ((found, start, row), (found_post[number], into_start, column)):
            weight = walk(begins, weight.size, events, step, weight, jnp.where(many, 0, events.total))
    return weight.reshape(meeting.weight.shape)


def _chunk(meeting: Meeting, neurons: int) -> int:
    return max(AT_ONCE // width_of(meeting.weight.size, neurons), 1)
