"""What events deliver over synapses that each have a delay: a ring of what is under way, which is changed in place."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, Literal

import jax
import jax.extend.core
import jax.numpy as jnp
from jax.interpreters import ad, batching, mlir

from spaic_jax._dtypes import wide
from spaic_jax._shapes import Array, Shaped
from spaic_jax.native import bilinear, kernels
from spaic_jax.native.bilinear import Ways
from spaic_jax.native.delivery import Found, plain, shape_of, walk, ways
from spaic_jax.native.partition import known, partitioned

Choice = Literal["events"] | None


def arrive(
    ahead: Shaped[Array, "m slots post"],
    events: Shaped[Array, "m pre"],
    weight: Shaped[Array, "s"],
    place: Shaped[Array, "s"],
    starts: Sequence[Shaped[Array, "pre+1"]],
    step: Shaped[Array, ""],
    *,
    choice: Choice = None,
) -> tuple[Shaped[Array, "m post"], Shaped[Array, "m slots post"]]:
    """What arrives in this step, and what is under way after it.

    What arrives in step `t` lies in slot `t % slots`. The slot of the step before is cleared, each event is added to the slot
    of the step in which it arrives, and that of this step is read last: so XLA changes the ring in place.

    Args:
        ahead: the ring, of which the slot of the last step holds what arrived in it.
        events: numbers of any size, mostly zero.
        weight: one a synapse.
        place: int32, `delay * (number of post) + post` of each synapse, of a delay in steps, fewer than there are slots; 0 arrives in
            this step.
        starts: int32, as of `deliver`, of tables that lie behind one another; each row is sorted by `post`.
        step: int32, the number of the step.
        choice: as of `deliver`.

    >>> ints = lambda *numbers: jnp.array(numbers, jnp.int32)
    >>> synapses = jnp.array([1.0, 3.0]), ints(0, 2 + 1), (ints(0, 2),)
    >>> now, ahead = arrive(jnp.zeros((1, 2, 2)), jnp.ones((1, 1)), *synapses, jnp.int32(0))
    >>> later, ahead = arrive(ahead, jnp.zeros((1, 1)), *synapses, jnp.int32(1))
    >>> now.tolist(), later.tolist()
    ([[1.0, 0.0]], [[0.0, 3.0]])
    """
    now = step % ahead.shape[1]
    for number, start in enumerate(starts):
        ahead = _added.bind(ahead, events, weight, place, start, now, clear=not number, choice=choice)
    return jax.lax.dynamic_index_in_dim(ahead, now, axis=1, keepdims=False).astype(weight.dtype), ahead


def _cleared(ahead: jax.Array, now: jax.Array) -> jax.Array:
    """The ring without what arrived in the step before."""
    return jax.lax.dynamic_update_index_in_dim(ahead, jnp.zeros_like(ahead[:, 0]), (now - 1) % ahead.shape[1], axis=1)


def _plain(*operands: jax.Array, clear: bool) -> jax.Array:
    ahead, events, weight, place, start, now = operands
    flat, weights = (x.reshape(-1).astype(wide(weight.dtype)) for x in (events, weight))
    pre, (_, slots, columns) = events.shape[1], ahead.shape

    def add(ring: jax.Array, which: jax.Array, at: jax.Array, live: jax.Array) -> jax.Array:
        later, post = jnp.divmod(place[at], columns)
        beyond = later - (slots - now)
        terms = jnp.where(live, flat[which][:, None] * weights[at], 0).astype(ring.dtype)
        there = (which // pre)[:, None], jnp.where(beyond < 0, beyond + slots, beyond), post
        return ring.at[there].add(terms, mode="promise_in_bounds")

    # A ring of another shape would not be changed in place.
    return walk(start, place.size, Found(events), add, _cleared(ahead, now) if clear else ahead)


def _maps(
    a: jax.Array, b: jax.Array, place: jax.Array, start: jax.Array, now: jax.Array, *, gives: str, size: int, columns: int
) -> jax.Array:
    """The maps of `deliver` where what is given is a ring of so many numbers, in plain JAX."""
    if gives == "given":
        return jnp.roll(plain(a, b, place, start, gives=gives, columns=size), now, axis=-1)
    return plain(jnp.roll(a, -now, axis=-1), b, place, start, gives=gives, columns=size)


def _ways(
    a: jax.Array, b: jax.Array, place: jax.Array, start: jax.Array, now: jax.Array, *, gives: str, choice: str, size: int, columns: int
) -> Ways:
    if gives != "given":
        return ways(jnp.roll(a, -now, axis=-1), b, place, start, gives=gives, choice=choice, columns=size)
    # The kernel of `deliver` needs rows that are sorted by where they go.
    found, _ = ways(a, b, place, start, gives=gives, choice=choice, columns=size)

    def into_empty() -> jax.Array:
        empty = jnp.zeros((a.shape[0], size // columns, columns), b.dtype)
        return kernels.ring(empty, a, b, place, start, now // columns, clear=False).reshape(a.shape[0], size)

    calls = [(a, 1.0, into_empty)]
    return calls if found else [], calls[0][-1]


def _sent_shape(a: Any, b: Any, place: Any, start: Any, now: Any, *, gives: str, size: int, columns: int) -> tuple[int, ...]:
    return shape_of(a, b, place, start, gives=gives, columns=size)


#: What is added to the ring, with the two maps that its transposes are.
_sent = bilinear.primitive("delivery_into_a_ring", 1, _maps, _ways, whole=3, in_turn=True, shape=_sent_shape)


_added = jax.extend.core.Primitive("delivery_of_delayed_events")


@functools.cache
def _jitted(**settings: Any) -> Any:
    return jax.jit(functools.partial(_added.bind, **settings))


@_added.def_impl
def _(*operands: jax.Array, **settings: Any) -> Any:
    with jax.disable_jit(False):
        return _jitted(**settings)(*operands)


@_added.def_abstract_eval
def _(ahead: Any, *others: Any, **settings: Any) -> Any:
    return jax.core.ShapedArray(ahead.shape, ahead.dtype)


def _batched(operands: tuple[jax.Array, ...], dims: tuple[Any, ...], **settings: Any) -> tuple[jax.Array, int]:
    """One after the other."""
    moved = [x if dim is None else jnp.moveaxis(x, dim, 0) for x, dim in zip(operands, dims, strict=True)]
    several = [place for place, dim in enumerate(dims) if dim is not None]

    def one(own: list[jax.Array]) -> Any:
        chosen = dict(zip(several, own, strict=True))
        return _added.bind(*(chosen.get(place, x) for place, x in enumerate(moved)), **settings)

    return jax.lax.map(one, [moved[place] for place in several]), 0


batching.primitive_batchers[_added] = _batched


def _jvp(primals: tuple[jax.Array, ...], tangents: tuple[Any, ...], *, clear: bool, **settings: Any) -> tuple[jax.Array, jax.Array]:
    _, events, weight, *tables = primals
    made, moved = _added.bind(*primals, clear=clear, **settings), ad.instantiate_zeros(tangents[0])
    for tangent, pair in zip(tangents[1:3], ((tangents[1], weight), (events, tangents[2])), strict=True):
        if type(tangent) is not ad.Zero:
            moved, clear = _added.bind(moved, *pair, *tables, clear=clear, **settings), False
    return made, _cleared(moved, tables[-1]) if clear else moved


# A rule of the primitive's own: what is behind a custom one is differentiated once only.
ad.primitive_jvps[_added] = _jvp


def _transposed(cotangent: Any, *operands: Any, clear: bool, choice: Choice) -> list[Any]:
    """What is added is linear in the ring, and in the events or the weights beside it."""
    ahead, events, weight, *tables = operands
    made: list[Any] = [None] * len(operands)
    if type(cotangent) is ad.Zero:
        return made
    batch, slots, columns = cotangent.shape
    back = functools.partial(_sent, size=slots * columns, columns=columns, choice=choice)
    place, start, now = tables
    flat, tables = cotangent.reshape(batch, slots * columns), [place, start, now * columns]
    if ad.is_undefined_primal(ahead):
        made[0] = _cleared(cotangent, now) if clear else cotangent
    if ad.is_undefined_primal(events):
        made[1] = back(flat.astype(weight.dtype), weight, *tables, gives="taken").astype(events.aval.dtype)
    if ad.is_undefined_primal(weight):
        made[2] = back(flat.astype(events.dtype), events, *tables, gives="weight").astype(weight.aval.dtype)
    return made


ad.primitive_transposes[_added] = _transposed


def _lower_as(function: Any, ctx: Any, *operands: Any, **settings: Any) -> Any:
    function = functools.partial(function, **settings)
    if bilinear.several(ctx) and known(ctx):
        ring, others = ("row", None, None), [(None,) * x.ndim for x in ctx.avals_in[2:]]
        function = partitioned(function, [ring, ("row", None), *others], ring)
    return mlir.lower_fun(function, multiple_results=False)(ctx, *operands)


def _lower(ctx: Any, *operands: Any, choice: Choice, **settings: Any) -> Any:
    return _lower_as(_plain, ctx, *operands, **settings)


def _lower_cpu(ctx: Any, *operands: Any, choice: Choice, **settings: Any) -> Any:
    ahead, events, weight, *_ = ctx.avals_in
    fits = ahead.dtype == events.dtype == weight.dtype and weight.dtype in (jnp.float32, jnp.float64) and events.size
    compiled = choice is not None and fits and bilinear.callable_in(ctx) and (known(ctx) or not bilinear.several(ctx))
    return _lower_as(kernels.ring if compiled else _plain, ctx, *operands, **settings)


mlir.register_lowering(_added, _lower)
mlir.register_lowering(_added, _lower_cpu, platform="cpu")
