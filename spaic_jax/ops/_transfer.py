"""Between the host, the devices and the arrays of JAX."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
from jax.typing import ArrayLike, DTypeLike

from spaic_jax.ops._check import array, real


def to_numpy(data: ArrayLike) -> np.ndarray:
    """`data` as a NumPy array on the host.

    Source: SPAIC. Raises TypeError for a value that is being traced: it has no numbers yet.

    >>> to_numpy(jax.numpy.array([1.0, 2.0])).tolist()
    [1.0, 2.0]
    """
    if isinstance(data, jax.core.Tracer):
        raise TypeError("to_numpy got a traced value, but needs one with numbers: call it outside jax.jit.")
    return np.asarray(data)


def to_tensor(data: Any, dtype: DTypeLike = "float32") -> jax.Array:
    """`data`, an array or nested lists of numbers, as an array of a floating dtype.

    Source: SPAIC, which always fails. Raises TypeError for complex numbers and for what holds no numbers.

    >>> to_tensor([1, 2]).dtype
    dtype('float32')
    """
    return real("to_tensor", "data", array("to_tensor", "data", data)).astype(dtype)


def to(x: ArrayLike, device: str | jax.Device | jax.sharding.Sharding) -> jax.Array:
    """`x` on a device.

    Args:
        x: array.
        device: a device or a sharding of JAX, or a name such as `"cpu"`, `"cuda"` or `"cpu:1"`.

    Raises ValueError for a name of no device here. Source: SPAIC.

    >>> to(jax.numpy.array([1.0]), "cpu").tolist()
    [1.0]
    """
    value = array("to", "x", x)
    if not isinstance(device, str):
        return jax.device_put(value, device)
    platform, _, position = device.partition(":")
    try:
        return jax.device_put(value, jax.devices(platform)[int(position or 0)])
    except (RuntimeError, ValueError, IndexError):
        here = ", ".join(f"{d.platform}:{d.id}" for d in jax.devices())
        raise ValueError(
            f"to got device={device!r}, "
            f"but needs a device that is here, such as {here}."
        ) from None
