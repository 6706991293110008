"""The refractory period: for some steps after a spike the potential is held."""

import jax
import jax.numpy as jnp


def hold(refrac: jax.Array, before: jax.Array, v: jax.Array) -> jax.Array:
    """The potential `v`, or `before` where steps of the refractory period are left."""
    return jnp.where(refrac > 0, before, v)


def count_down(refrac: jax.Array, spikes: jax.Array, steps: jax.Array) -> jax.Array:
    """How many steps are left: `steps` after a spike, else one less than before."""
    return jnp.where(spikes > 0, steps, jnp.maximum(refrac - 1, 0))
