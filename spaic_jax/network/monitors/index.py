"""Which neurons a monitor keeps, and what of them."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax._numbers import array_of

#: Places along one axis: one of them, which takes the axis away, or several.
Places = int | range | tuple[int, ...]
#: What is kept along one axis, and how all axes may be given: one alone, a tuple of them, `None` or `"full"` for all.
Axis = int | slice | tuple[int, ...]
Index = int | slice | Sequence[int | slice | Sequence[int]] | str | None


@dataclasses.dataclass(frozen=True)
class Seen:
    """What a monitor keeps of the value of one step; a comparable function of arrays.

    Attributes:
        places: along each axis after the batch axis; empty for all of it.
        batched: whether there is a batch axis.
        spikes: whether it becomes booleans, a quarter of the memory: any value but zero is a spike.
        mean: whether all that is left of a sample is its mean.
        scale: what that mean is multiplied by.
    """

    places: tuple[Places, ...] = ()
    batched: bool = True
    spikes: bool = False
    mean: bool = False
    scale: float = 1.0

    def __call__(self, value: jax.Array) -> jax.Array:
        for axis in reversed(range(len(self.places))):
            chosen = self.places[axis]
            index = chosen if isinstance(chosen, int) else np.asarray(chosen, np.int32)
            value = jnp.take(value, index, axis=axis + self.batched, mode="clip")
        if self.spikes:
            value = value != jnp.zeros((), value.dtype)
        return value.reshape(value.shape[0], -1).mean(1) * self.scale if self.mean else value


def checked_index(kind: str, index: Any) -> tuple[Axis, ...]:
    """An index as a tuple with a number, a slice or numbers for each axis."""
    if index is None or (isinstance(index, str) and index == "full"):
        return ()
    axes: list[Axis] = []
    for chosen in index if isinstance(index, tuple) else (index,):
        array = np.asarray(array_of(chosen, f"{kind}: index"))
        if isinstance(chosen, slice):
            axes.append(chosen)
        elif array.dtype.kind in "iu" and array.ndim == 0:
            axes.append(int(array))
        elif array.dtype.kind in "iu" and array.ndim == 1 and array.size:
            axes.append(tuple(array.tolist()))
        else:
            raise TypeError(f"{kind}: index must hold whole numbers, lists of them or slices, not {chosen!r}.")
    return tuple(axes)


def places_of(chosen: Axis, size: int) -> Places:
    """Places from 0 on along an axis; IndexError when one is not there."""
    if isinstance(chosen, slice):
        places = range(*chosen.indices(size))
        if not places:
            raise IndexError(f"{chosen} holds no place")
        return places
    numbers = (chosen,) if isinstance(chosen, int) else chosen
    for number in numbers:
        if not -size <= number < size:
            raise IndexError(f"index {number} is outside")
    counted = tuple(number % size for number in numbers)
    return counted[0] if isinstance(chosen, int) else counted
