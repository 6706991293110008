"""The gradient of weights inside a loop, formed outside of it.

A row `y_t = f(x_t, W)` of a loop is a product with weights `W` that stay the same for the run. Differentiated as it stands,
the backward loop adds a small product to the weights' gradient in every step. Instead the loop is differentiated with
respect to a nudge `n_t` that is always zero,

$$ y_t = f(x_t, W) + n_t, $$

and what `W` does to the loss is what the nudges `n_t = \\partial_W f(x_t, W)\\, \\dot W` do, for all steps at once:

$$ \\frac{dL}{dW} = \\sum_t \\frac{\\partial L}{\\partial n_t} \\frac{\\partial f(x_t, W)}{\\partial W}, $$

which for `y_t = x_t W^T` is one product `\\sum_t (dL/dy_t)^T x_t` over all steps of a tile.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import jax

from spaic_jax.program import Op
from spaic_jax.program.evaluate import call


def products(
    rows: Sequence[Op], sources: Sequence[Mapping[str, Any]], weights: Mapping[str, Any]
) -> list[tuple[Any, ...]]:
    """What rows write in all steps, from what they have read in each and from the weights."""

    def product(op: Op, read: Mapping[str, Any]) -> tuple[Any, ...]:
        def at_step(read: Mapping[str, Any]) -> tuple[Any, ...]:
            return call(op, [read[name] if name in read else weights[name] for name in op.inputs])

        return jax.vmap(at_step)(read)

    return [product(op, read) for op, read in zip(rows, sources, strict=True)]
