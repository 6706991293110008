"""Exponential traces of what comes in."""

import jax
import jax.numpy as jnp

from spaic_jax.program import Fragment, Op


def decay(tau: jax.Array, dt: jax.Array) -> jax.Array:
    """What is left after a step: `exp(-dt / tau)`."""
    return jnp.exp(-dt / tau)


def leak(value: jax.Array, kept: jax.Array, added: jax.Array) -> jax.Array:
    """`kept * value + added`, in the shape of `value`."""
    return kept * value + added.reshape(value.shape)


def trace(state: str, tau: str, added: str) -> Fragment:
    """The rows of the trace `exp(-dt / tau) x + added`, kept in a state; `tau` is a constant of ms."""
    kept = f"{state}.decay"
    return Fragment(
        ops=(Op(kept, decay, (tau, "[dt]"), name=kept), Op(state, leak, (state, kept, added), name=state))
    )
