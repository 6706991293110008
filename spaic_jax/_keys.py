"""Random keys as users give them."""

from typing import Any

import jax
import jax.numpy as jnp

from spaic_jax._numbers import shown


def check_key(key: Any, what: str = "key") -> None:
    """TypeError unless it is one random key of JAX, typed or as raw numbers.

    >>> check_key(jax.random.key(0))
    >>> check_key(0)
    Traceback (most recent call last):
        ...
    TypeError: key must be a random key such as jax.random.key(0), not 0.
    """
    typed = isinstance(key, jax.Array) and jnp.issubdtype(key.dtype, jax.dtypes.prng_key)
    raw = not typed and getattr(key, "dtype", None) == jnp.uint32 and len(key.shape) == 1
    if not raw and not (typed and not key.shape):
        came = f"{key.shape[0]} keys" if typed and len(key.shape) == 1 else shown(key)
        raise TypeError(f"{what} must be a random key such as jax.random.key(0), not {came}.")
