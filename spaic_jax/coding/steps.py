"""From times in ms to whole steps: a time that is a whole number of steps but for rounding is that number.

Numbers are counted on the host in float64 wherever they are known there. Of times in an array of the run, which are
float32, the rounding grows with the time, and so does what is taken for it.
"""

import math
from typing import TypeVar

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax import _dtypes
from spaic_jax._shapes import Array, Int, Shaped

Numbers = TypeVar("Numbers", np.ndarray, jax.Array)


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


def floor_steps(times: Numbers, dt: float) -> Numbers:
    """The steps that the times of an array lie in, as numbers of its dtype; NaN stays NaN.

    `times` is an array of NumPy or JAX, of float32 or a wider dtype.
    """
    return floored(times / np.asarray(dt, times.dtype))


def floored(steps: Numbers, size: Numbers | None = None) -> Numbers:
    """The whole number below each number of steps, or the next one where only rounding lies between.

    Args:
        steps: numbers of steps, an array of NumPy or JAX.
        size: the size of the numbers that they were computed of, which rounding goes with; their own by default.
    """
    xp = np if isinstance(steps, np.ndarray) else jnp
    size = xp.maximum(xp.abs(steps) if size is None else size, 1)
    whole = xp.round(steps)
    near = xp.abs(steps - whole) <= 2 * float(jnp.finfo(steps.dtype).eps) * size
    return xp.where(near, whole, xp.floor(steps))


def wide(x: Shaped[Array, "*shape"]) -> Shaped[Array, "*shape"]:
    """Numbers of half precision as float32, in which times and probabilities are told apart; others as they are."""
    return x.astype(_dtypes.wide(x.dtype))


def spikes_at(
    x: Shaped[Array, "batch *shape"], step: Shaped[Array, "batch *shape"], position: Int[Array, ""]
) -> Shaped[Array, "batch *shape"]:
    """The spikes of one step, in the dtype of the data: those whose step it is."""
    return (step == position).astype(x.dtype)


def collect(counts: jax.Array, spikes: jax.Array, position: jax.Array, *, every: int | None) -> jax.Array:
    """The spikes of a window of `every` steps so far, or of the presentation where that is `None`."""
    first = position == 0 if every is None else jnp.mod(position, every) == 0
    return jnp.where(first, jnp.zeros_like(counts), counts) + spikes.astype(counts.dtype)
