"""What events deliver over synapses that each have a delay: a ring of what is under way, which is changed in place."""

from __future__ import annotations

import functools
from typing import Any, Literal

import jax
import jax.extend.core
import jax.numpy as jnp
from jax.interpreters import ad, batching, mlir

from spaic_jax._dtypes import wide
from spaic_jax._shapes import Array, Shaped
from spaic_jax.native import bilinear, kernels
from spaic_jax.native.delivery import Found, deliver, walk

Choice = Literal["events"] | None
Pair = tuple[jax.Array, jax.Array]


def arrive(
    ahead: Shaped[Array, "m slots post"],
    events: Shaped[Array, "m pre"],
    weight: Shaped[Array, "s"],
    post: Shaped[Array, "s"],
    start: Shaped[Array, "pre+1"],
    delay: Shaped[Array, "s"],
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
        post, start: int32, as of `deliver`.
        delay: int32, steps, fewer than there are slots; 0 arrives in this step.
        step: int32, the number of the step.
        choice: as of `deliver`.

    >>> ints = lambda *numbers: jnp.array(numbers, jnp.int32)
    >>> synapses = jnp.array([1.0, 3.0]), ints(0, 1), ints(0, 2), ints(0, 1)
    >>> now, ahead = arrive(jnp.zeros((1, 2, 2)), jnp.ones((1, 1)), *synapses, jnp.int32(0))
    >>> later, ahead = arrive(ahead, jnp.zeros((1, 1)), *synapses, jnp.int32(1))
    >>> now.tolist(), later.tolist()
    ([[1.0, 0.0]], [[0.0, 3.0]])
    """
    current, ahead = _ring.bind(ahead, events, weight, post, start, delay, step, choice=choice)
    return current, ahead


def _flowing(
    ahead: jax.Array, events: jax.Array, weight: jax.Array, post: jax.Array, start: jax.Array, delay: jax.Array, step: jax.Array
) -> Pair:
    """The same with derivatives: all that is sent, by the steps that it takes, is added to the ring at once."""
    m, slots, columns = ahead.shape
    now = step % slots
    # In plain JAX, as the kernels need rows that are sorted by where they go.
    sent = deliver(events, weight, delay * columns + post, start, columns=slots * columns)
    ahead = _cleared(ahead, now) + jnp.roll(sent.reshape(m, slots, columns).astype(ahead.dtype), now, axis=1)
    return _read(ahead, now).astype(weight.dtype), ahead


def _cleared(ahead: jax.Array, now: jax.Array) -> jax.Array:
    """The ring without what arrived in the step before."""
    return jax.lax.dynamic_update_index_in_dim(ahead, jnp.zeros_like(ahead[:, 0]), (now - 1) % ahead.shape[1], axis=1)


def _read(ahead: jax.Array, now: jax.Array) -> jax.Array:
    return jax.lax.dynamic_index_in_dim(ahead, now, axis=1, keepdims=False)


def _plain(*operands: jax.Array) -> Pair:
    ahead, events, weight, post, start, delay, step = operands
    dtype = wide(weight.dtype)
    pre, slots, now = events.shape[1], ahead.shape[1], step % ahead.shape[1]
    flat, weights = events.reshape(-1).astype(dtype), weight.astype(dtype)

    def add(ring: jax.Array, which: jax.Array, at: jax.Array, live: jax.Array) -> jax.Array:
        slot = (now + delay[at]) % slots
        terms = jnp.where(live, flat[which][:, None] * weights[at], 0).astype(ring.dtype)
        return ring.at[(which // pre)[:, None], slot, post[at]].add(terms, mode="promise_in_bounds")

    # A ring of another shape would not be changed in place.
    ring = walk(start, post.size, Found(events), add, _cleared(ahead, now))
    return _read(ring, now).astype(weight.dtype), ring


_ring = jax.extend.core.Primitive("delivery_of_delayed_events")
_ring.multiple_results = True


@functools.cache
def _jitted(choice: Choice) -> Any:
    return jax.jit(functools.partial(_ring.bind, choice=choice))


@_ring.def_impl
def _(*operands: jax.Array, choice: Choice) -> Any:
    with jax.disable_jit(False):
        return _jitted(choice)(*operands)


@_ring.def_abstract_eval
def _(ahead: Any, events: Any, weight: Any, *others: Any, choice: Choice) -> Any:
    return jax.core.ShapedArray(ahead.shape[::2], weight.dtype), jax.core.ShapedArray(ahead.shape, ahead.dtype)


def _batched(operands: tuple[jax.Array, ...], dims: tuple[Any, ...], *, choice: Choice) -> tuple[Any, tuple[int, int]]:
    """One after the other."""
    moved = [x if dim is None else jnp.moveaxis(x, dim, 0) for x, dim in zip(operands, dims, strict=True)]
    several = [place for place, dim in enumerate(dims) if dim is not None]

    def one(own: list[jax.Array]) -> Any:
        chosen = dict(zip(several, own, strict=True))
        return _ring.bind(*(chosen.get(place, x) for place, x in enumerate(moved)), choice=choice)

    return jax.lax.map(one, [moved[place] for place in several]), (0, 0)


batching.primitive_batchers[_ring] = _batched


def _jvp(primals: tuple[jax.Array, ...], tangents: tuple[Any, ...], *, choice: Choice) -> tuple[Any, Pair]:
    fixed = primals[3:]
    _, moved = jax.jvp(
        lambda *real: _flowing(*real, *fixed), primals[:3], tuple(ad.instantiate_zeros(tangent) for tangent in tangents[:3])
    )
    return _ring.bind(*primals, choice=choice), moved


# A rule of the primitive's own: what is behind a custom one is differentiated once only.
ad.primitive_jvps[_ring] = _jvp


def _lower(ctx: Any, *operands: Any, choice: Choice) -> Any:
    return mlir.lower_fun(_plain, multiple_results=True)(ctx, *operands)


def _lower_cpu(ctx: Any, *operands: Any, choice: Choice) -> Any:
    ahead, events, weight, *_ = ctx.avals_in
    fits = ahead.dtype == events.dtype == weight.dtype and weight.dtype in (jnp.float32, jnp.float64) and events.size
    compiled = choice is not None and fits and bilinear.alone(ctx)
    return mlir.lower_fun(kernels.ring if compiled else _plain, multiple_results=True)(ctx, *operands)


mlir.register_lowering(_ring, _lower)
mlir.register_lowering(_ring, _lower_cpu, platform="cpu")
