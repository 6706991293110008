"""The product of a layer, which rows leave to the plan."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

#: From `(..., pre)` and a weight `(post, pre)` to `(..., post)`.
Times = Callable[[jax.Array, jax.Array], jax.Array]


def times(spikes: jax.Array, weight: jax.Array) -> jax.Array:
    """`spikes @ weight.T`: the default of the setting `times` of a row's function.

    A function with that setting multiplies its first input by a weight matrix with it, and by nothing else; a plan may then put
    another way to compute the same in its place.
    """
    return jnp.tensordot(spikes, weight, axes=((-1,), (-1,)))
