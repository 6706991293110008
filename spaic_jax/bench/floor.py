"""The matrix products of a workload, and nothing else."""

from typing import Any

import jax
import jax.numpy as jnp


def products(weights: dict[str, Any], spikes: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The products between layers over all steps at once, and the recurrent one step by step.

    Args:
        weights: `between`, one matrix a layer, and `within`, from the first layer to itself or `None`.
        spikes: `[T, B, n]`.

    Returns:
        Counts `[B, n]`, and the rows that were summed: XLA would otherwise fuse the last product into the sum, which
        can take ten times longer.
    """
    rows = spikes.reshape(-1, spikes.shape[-1])
    for number, weight in enumerate(weights["between"]):
        rows = rows @ weight.T
        if number == 0 and weights["within"] is not None:
            rows = recurrent(weights["within"], rows.reshape(*spikes.shape[:2], -1)).reshape(rows.shape)
    return rows.reshape(*spikes.shape[:2], -1).sum(0), rows


@jax.custom_vjp
def recurrent(weight: jax.Array, rows: jax.Array) -> jax.Array:
    """One product a step, in a loop, as no step's is known before that of the step before it.

    The derivative is written out: JAX's own forms and adds up the gradient of the weights in every step, where one
    product over all steps is enough.

    Args:
        weight: `(n, n)`.
        rows: `[T, B, n]`.
    """
    return jax.lax.scan(lambda _, row: (None, row @ weight.T), None, rows)[1]


def _forward(weight: jax.Array, rows: jax.Array) -> tuple[jax.Array, Any]:
    return recurrent(weight, rows), (weight, rows)


def _backward(kept: Any, cotangents: jax.Array) -> tuple[jax.Array, jax.Array]:
    weight, rows = kept
    back = jax.lax.scan(lambda _, row: (None, row @ weight), None, cotangents, reverse=True)[1]
    return jnp.einsum("tbi,tbj->ij", cotangents, rows), back


recurrent.defvjp(_forward, _backward)
