"""Dtypes that count, draw and keep time, in programs of half precision too."""

from typing import Any

import jax.numpy as jnp


def wide(dtype: Any) -> Any:
    """A dtype in which sums fit: float32 in place of a narrower floating one, int32 of a narrower whole one.

    >>> wide("bfloat16"), wide("float64"), wide("uint8")
    (dtype('float32'), dtype('float64'), dtype('int32'))
    """
    given = jnp.dtype(dtype)
    if jnp.issubdtype(given, jnp.floating):
        return jnp.dtype("float32") if jnp.finfo(given).bits < 32 else given
    return jnp.dtype("int32") if given.itemsize < 4 else given
