"""From what rules have written to the weights of the next step."""

import jax
import jax.numpy as jnp

from spaic_jax.plasticity.pathway import Bounds
from spaic_jax.program import Fragment, Op


def applied(weights: str, bounds: Bounds, to: str | None = None) -> Fragment:
    """The row that adds to weights what rules have written, within bounds; `to` is its output, if not the weights."""
    settings = {"bounds": bounds}
    return Fragment(ops=(Op(to or weights, _apply, (weights, f"{weights}.change"), when="learning", settings=settings),))


def _apply(weights: jax.Array, change: jax.Array, bounds: Bounds) -> jax.Array:
    # Sums of small changes need every bit, in a program of half precision too.
    return learned(weights, clipped(weights + change.astype(weights.dtype), bounds))


def clipped(weights: jax.Array, bounds: Bounds) -> jax.Array:
    """Weights within bounds."""
    return weights if bounds == (None, None) else learned(weights, jnp.clip(weights, *bounds))


@jax.custom_jvp
def learned(weights: jax.Array, new: jax.Array) -> jax.Array:
    """New weights in place of others: to a gradient they are those, and what was learned is a number.

    >>> jax.grad(lambda w: learned(w, 2 * w) ** 2)(1.0).item()
    4.0
    """
    return new


@learned.defjvp
def _learned_jvp(primals: tuple[jax.Array, jax.Array], tangents: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
    return primals[1], tangents[0]
