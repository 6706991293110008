"""The gradient of weights inside a loop, formed outside of it.

A row `y_t = f(x_t, W)` of a loop is a product with weights `W` that stay the same for the run. Differentiated as it stands,
the backward loop adds a small product to the weights' gradient in every step. Instead the loop is differentiated with
respect to a nudge `n_t` that is always zero,

$$ y_t = f(x_t, W) + n_t, $$

and what `W` does to the loss is what the nudges `n_t = \\partial_W f(x_t, W)\\, \\dot W` do, for all steps at once:

$$ \\frac{dL}{dW} = \\sum_t \\frac{\\partial L}{\\partial n_t} \\frac{\\partial f(x_t, W)}{\\partial W}, $$

which for `y_t = x_t W^T` is one product `\\sum_t (dL/dy_t)^T x_t` over all steps of a tile.
"""

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from spaic_jax._nudge import nudge
from spaic_jax.program import Op, Program
from spaic_jax.program.evaluate import call


def _nudges(number: int, op: Op) -> tuple[str, ...]:
    """The reads of the nudges of a row, one for each value that it writes."""
    return tuple(f"[nudge {number}.{i}]" for i in range(len(op.outputs)))


def no_nudges(program: Program, weighted: Sequence[Op], steps: int, batch_size: int) -> dict[str, jax.Array]:
    """The nudges of products in all steps: zeros."""

    def zeros(name: str) -> jax.Array:
        struct = program.struct(program.written_read(name), batch_size)
        return jnp.zeros((steps, *struct.shape), struct.dtype)

    named = (pair for i, op in enumerate(weighted) for pair in zip(_nudges(i, op), op.outputs, strict=True))
    return {read: zeros(name) for read, name in named}


def nudging(weighted: Sequence[Op]) -> Callable[[Op], Op]:
    """A change of rows: the products add their nudges to what they write."""
    return lambda op: _nudged(op, _nudges(weighted.index(op), op)) if op in weighted else op


def _nudged(op: Op, nudges: tuple[str, ...]) -> Op:
    def fn(*inputs: Any) -> tuple[Any, ...]:
        values = call(op, inputs[: -len(nudges)])
        return tuple(nudge(value, by) for value, by in zip(values, inputs[-len(nudges) :], strict=True))

    return dataclasses.replace(op, fn=fn, settings=(), inputs=(*op.inputs, *nudges))


def sources_of(weighted: Iterable[Op], fixed: frozenset[str]) -> tuple[str, ...]:
    """What products read beside what stays the same."""
    return tuple(sorted({read for op in weighted for read in op.inputs if read not in fixed}))


def products(weighted: Sequence[Op], sources: Mapping[str, Any], weights: Mapping[str, Any]) -> dict[str, Any]:
    """What products write in all steps, by nudge, from what they have read in each, and from the weights and what else is fixed."""

    def at_step(read: Mapping[str, Any]) -> dict[str, Any]:
        env = {**weights, **read}
        values = (call(op, [env[read] for read in op.inputs]) for op in weighted)
        return {
            nudge: value
            for number, (op, written) in enumerate(zip(weighted, values, strict=True))
            for nudge, value in zip(_nudges(number, op), written, strict=True)
        }

    return jax.vmap(at_step)(sources)
