"""From times in ms to whole steps: a time that is a whole number of steps but for rounding is that number.

Numbers are counted on the host in float64 wherever they are known there. Of times in an array of the run, which are
float32, the rounding grows with the time, and so does what is taken for it.
"""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

#: Rounding of a quotient of two numbers of ms, in units of the last place.
_ULPS = 4


def ceil_step(time: float, dt: float) -> int:
    """The first step that begins at a time of the host or later."""
    return math.ceil(_snapped(time / dt))


def floor_step(time: float, dt: float) -> int:
    """The step that a time of the host lies in."""
    return math.floor(_snapped(time / dt))


def _snapped(steps: float) -> float:
    whole = round(steps)
    # Times of the host are often float32 numbers, such as those of a file.
    return whole if abs(steps - whole) <= 2.0**-23 * max(1.0, abs(steps)) else steps


def floor_steps(times: Any, dt: float) -> Any:
    """The steps that the times of an array lie in, as numbers of its dtype; NaN stays NaN.

    `times` is an array of NumPy or JAX of float32 or a wider dtype.
    """
    xp = np if isinstance(times, np.ndarray) else jnp
    return floored(times / xp.asarray(dt, times.dtype), xp.finfo(times.dtype).eps * _ULPS / 2)


def floored(steps: Any, slack: float, size: Any = None) -> Any:
    """The whole number below each number of steps, or the next one where that is not further than rounding.

    Args:
        steps: numbers of steps.
        slack: rounding beside `size`.
        size: what the rounding goes with; the numbers themselves by default.
    """
    xp = np if isinstance(steps, np.ndarray) else jnp
    whole = xp.round(steps)
    near = xp.abs(steps - whole) <= slack * xp.maximum(xp.abs(steps) if size is None else size, 1)
    return xp.where(near, whole, xp.floor(steps))


def wide(x: jax.Array) -> jax.Array:
    """Numbers of half precision as float32, in which times and probabilities are told apart; others as they are."""
    return x.astype(jnp.promote_types(x.dtype, jnp.float32))


def at(position: jax.Array, step: jax.Array, like: jax.Array) -> jax.Array:
    """A spike where a step is this one, in the dtype of `like`."""
    return (position == step).astype(like.dtype)
