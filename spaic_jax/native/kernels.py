"""The compiled kernels as functions of arrays: nothing is chosen or differentiated here.

An event is a number that is not zero. What is zero takes no part, so that 0 times infinity is 0. The first operand is of the
dtype of the others, float32 or float64, or holds bytes or truth values.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax._shapes import Array, Shaped


def _call(name: str, shape: tuple[int, ...], dtype: Any, *operands: jax.Array, **attributes: Any) -> jax.Array:
    """A handler of the library by its name."""
    made: jax.Array = jax.ffi.ffi_call(f"SpaicEvents{name}", jax.ShapeDtypeStruct(shape, dtype))(*operands, **attributes)
    return made


def pack(weight: Shaped[Array, "..."], *, transposed: bool) -> Shaped[Array, "packed"]:
    """A matrix `[k, n]`, or the transpose of one, in blocks of columns, for `product`.

    XLA takes it out of loops in which the weights stay the same.
    """
    rows, columns = reversed(weight.shape) if transposed else weight.shape
    lanes = 64 // weight.dtype.itemsize
    return _call("Pack", (rows * -(-columns // lanes) * lanes,), weight.dtype, weight, transposed=transposed)


def product(events: Shaped[Array, "m k"], packed: Shaped[Array, "packed"], columns: int) -> Shaped[Array, "m n"]:
    """`events @ w` for packed weights of so many columns."""
    return _call("Product", (events.shape[0], columns), packed.dtype, events, packed)


def gradient(events: Shaped[Array, "m k"], dense: Shaped[Array, "m n"], *, transposed: bool) -> Shaped[Array, "..."]:
    """`events.T @ dense`, or its transpose."""
    shape = (events.shape[1], dense.shape[1])
    return _call("Gradient", shape[::-1] if transposed else shape, dense.dtype, events, dense, transposed=transposed)


def transpose(matrix: Shaped[Array, "m n"]) -> Shaped[Array, "n m"]:
    """The transpose in memory, where XLA's own copy is slow."""
    return _call("Transpose", matrix.shape[::-1], matrix.dtype, matrix)


def density(events: Shaped[Array, "m k"]) -> Shaped[Array, ""]:
    """The share of numbers that are not zero, among some tens of thousands of them."""
    return _call("Density", (), jnp.float32, events)


def scatter(
    events: Shaped[Array, "m c h w"],
    packed: Shaped[Array, "blocks c kh kw width"],
    shape: tuple[int, int, int],
    window: np.ndarray,
    *,
    transposed: bool,
) -> Shaped[Array, "m maps height width"]:
    """Maps of a shape from events and a packed kernel: their convolution, or its transpose.

    Args:
        window: stride, padding and dilation of the convolution, each for height and width.
    """
    made = (events.shape[0], *shape)
    return _call("Scatter", made, packed.dtype, events, packed, window=window, transposed=transposed)


def gather(
    events: Shaped[Array, "m c h w"],
    dense: Shaped[Array, "m maps height width"],
    shape: tuple[int, int, int, int, int],
    window: np.ndarray,
    *,
    transposed: bool,
) -> Shaped[Array, "blocks c kh kw width"]:
    """The gradient of the packed kernel of `scatter`, of a shape, for a gradient of what that gives."""
    return _call("Gather", shape, dense.dtype, events, dense, window=window, transposed=transposed)


def deliver(
    events: Shaped[Array, "m pre"], weight: Shaped[Array, "s"], post: Shaped[Array, "s"], start: Shaped[Array, "pre+1"], columns: int
) -> Shaped[Array, "m post"]:
    """What events deliver to so many neurons over single synapses: the sum of weight times event at `post`.

    Args:
        post: int32, the postsynaptic neuron of each synapse. Synapses lie in rows by presynaptic neuron, each sorted by `post`.
        start: int32; row `k` is `start[k]:start[k + 1]`.
    """
    return _call("Deliver", (events.shape[0], columns), weight.dtype, events, weight, post, start)


def deliver_back(
    given: Shaped[Array, "m post"], weight: Shaped[Array, "s"], post: Shaped[Array, "s"], start: Shaped[Array, "pre+1"]
) -> Shaped[Array, "m pre"]:
    """The transpose of `deliver`: for each presynaptic neuron the sum over its row of weight times `given` at `post`."""
    return _call("DeliverBack", (given.shape[0], start.shape[0] - 1), weight.dtype, given, weight, post, start)


def deliver_weight(
    events: Shaped[Array, "m pre"], given: Shaped[Array, "m post"], post: Shaped[Array, "s"], start: Shaped[Array, "pre+1"]
) -> Shaped[Array, "s"]:
    """The gradient of the weights of `deliver`, for a gradient of what that gives."""
    return _call("DeliverWeight", post.shape, given.dtype, events, given, post, start)


def ring(
    ahead: Shaped[Array, "m slots columns"],
    events: Shaped[Array, "m pre"],
    weight: Shaped[Array, "s"],
    place: Shaped[Array, "s"],
    start: Shaped[Array, "pre+1"],
    now: Shaped[Array, ""],
    *,
    clear: bool,
) -> Shaped[Array, "m slots columns"]:
    """A ring of what is under way, with what is delivered as in `deliver` added to it, changed in place where XLA needs it no more.

    Args:
        place: int32, where a synapse delivers, counted from where slot `now` begins. Each row is sorted by the place modulo columns.
        now: int32, the slot of what arrives in this step.
        clear: whether the slot before `now` is cleared first.
    """
    after = jax.ShapeDtypeStruct(ahead.shape, ahead.dtype)
    call = jax.ffi.ffi_call("SpaicEventsRing", after, input_output_aliases={0: 0})
    made: jax.Array = call(ahead, events, weight, place, start, now, clear=clear)
    return made
