"""Arrays that are read where they are needed: those on a disk, and those made as they are taken."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


def is_lazy(array: Any) -> bool:
    """Whether an array is read only where it is taken: one with `shape`, `dtype` and `take(index)`, and no numbers at hand.

    >>> is_lazy(np.zeros(3))
    False
    """
    return all(hasattr(array, name) for name in ("shape", "dtype", "take")) and not hasattr(array, "__array__")


def shape_of(array: Any) -> tuple[int, ...]:
    """The shape of an array of any library, of a lazy one, or of nested lists."""
    return tuple(array.shape) if hasattr(array, "shape") else np.shape(array)


def taken(array: Any, index: np.ndarray, axis: int) -> Any:
    """Some samples of an array: where it is, or in memory if it was on a disk or lazy.

    Args:
        array: what has them, lazy or not.
        index: whole numbers `[n]`.
        axis: the axis of the samples, which a lazy array knows itself.

    >>> taken(np.arange(6).reshape(2, 3), np.array([2, 0]), axis=1).tolist()
    [[2, 0], [5, 3]]
    """
    if is_lazy(array):
        return np.asarray(array.take(index))
    if isinstance(array, jax.Array):
        return jnp.take(array, jnp.asarray(index), axis=axis)
    return np.asarray(np.take(np.asanyarray(array), index, axis=axis))


def chosen(array: Any, index: np.ndarray, axis: int) -> Any:
    """Some samples of an array; what is not in memory stays where it is.

    >>> chosen(np.arange(3), np.array([2, 0]), axis=0).tolist()
    [2, 0]
    """
    on_disk = is_lazy(array) or isinstance(array, np.memmap)
    return Chosen(array, index, axis) if on_disk else taken(array, index, axis)


@dataclasses.dataclass(frozen=True, eq=False)
class Chosen:
    """Some samples of an array that is on a disk or lazy, itself lazy.

    Attributes:
        array: all samples.
        index: which ones, whole numbers `[n]`.
        axis: the axis of the samples.
    """

    array: Any
    index: np.ndarray
    axis: int

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape with these samples alone."""
        return (*self.array.shape[: self.axis], len(self.index), *self.array.shape[self.axis + 1 :])

    @property
    def dtype(self) -> Any:
        """The dtype of the array."""
        return self.array.dtype

    def take(self, index: np.ndarray) -> np.ndarray:
        """Some of these samples, read."""
        return np.asarray(taken(self.array, self.index[index], self.axis))
