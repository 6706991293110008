"""Axonal delay: what a neuron gave some steps ago."""

import jax

from spaic_jax.program import Fragment, Op, Variable


def oldest(past: jax.Array, step: jax.Array) -> jax.Array:
    """The value of a ring that this step replaces."""
    return jax.lax.dynamic_index_in_dim(past, step % past.shape[1], axis=1, keepdims=False)


def renewed(past: jax.Array, source: jax.Array, step: jax.Array) -> jax.Array:
    """The ring with the newest value in the place of the oldest one."""
    # Only one slot changes, so that XLA writes it in place whatever the length of the ring.
    return jax.lax.dynamic_update_index_in_dim(past, source.astype(past.dtype), step % past.shape[1], axis=1)


def delayed(name: str, source: str, shape: tuple[int, ...], steps: int) -> tuple[str, Fragment]:
    """A read of what `source` was some steps ago, zero before the first step.

    Args:
        name: prefix of the variable that holds the last values, a ring `[B, steps, *shape]`.
        source: the read that is delayed, `[B, *shape]`.
        shape: shape of one sample of it.
        steps: number of steps, at least one.

    Returns:
        The name to read, and the variable with the rows that write both.
    """
    past = Variable(f"{name}.past", (steps, *shape), ring=True)
    read = f"{name}.delayed"
    rows = (
        # A slot that is read was written so many steps ago.
        Op(read, oldest, (past.name, "[step]"), name=f"{name}.delay", lag=steps),
        Op(past.name, renewed, (past.name, source, "[step]")),
    )
    return read, Fragment((past,), rows)
