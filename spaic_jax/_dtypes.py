"""Dtypes that count, draw and keep time, in programs of half precision too."""

from typing import Any

import jax.numpy as jnp


def wide(dtype: Any) -> Any:
    """A dtype, or float32 in place of a floating one that is narrower: half precision counts to 256 or 2048 only.

    >>> wide("bfloat16"), wide("float64"), wide("int8")
    (dtype('float32'), dtype('float64'), dtype('int8'))
    """
    given = jnp.dtype(dtype)
    half = jnp.issubdtype(given, jnp.floating) and jnp.finfo(given).bits < 32
    return jnp.dtype("float32") if half else given
