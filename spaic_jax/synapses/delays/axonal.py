"""Axonal delay: what a neuron gave some steps ago."""

import jax

from spaic_jax.program import Fragment, Op, Variable


def exchange(past: jax.Array, source: jax.Array, step: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The oldest value of a ring, and the ring with the newest one in its place."""
    slot = step % past.shape[1]
    oldest = jax.lax.dynamic_index_in_dim(past, slot, axis=1, keepdims=False)
    # Only one slot changes, so that XLA writes it in place whatever the length of the ring.
    return oldest, jax.lax.dynamic_update_index_in_dim(past, source.astype(past.dtype), slot, axis=1)


def delayed(name: str, source: str, shape: tuple[int, ...], steps: int) -> tuple[str, Fragment]:
    """A read of what `source` was some steps ago, zero before the first step.

    Args:
        name: prefix of the variable that holds the last values, a ring `[B, steps, *shape]`.
        source: the read that is delayed, `[B, *shape]`.
        shape: shape of one sample of it.
        steps: number of steps, at least one.

    Returns:
        The name to read, and the variable with the row that writes both.
    """
    past = Variable(f"{name}.past", (steps, *shape))
    read = f"{name}.delayed"
    return read, Fragment((past,), (Op((read, past.name), exchange, (past.name, source, "[step]"), name=f"{name}.delay"),))
