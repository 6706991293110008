"""Checks of labels and of what losses and metrics are given."""

from numbers import Integral, Real
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike


def check_labels(labels: Any, classes: int) -> np.ndarray:
    """Labels as a host array int32 ``[B]``, or a ValueError that names the first bad one.

    For use outside ``jax.jit``, once per data set or batch.

    Args:
        labels: integers ``[B]`` in 0 ... classes - 1.
        classes: number of classes, positive.

    >>> check_labels([0, 2, 1], 3)
    array([0, 2, 1], dtype=int32)
    >>> check_labels([0, 3], 3)
    Traceback (most recent call last):
        ...
    ValueError: labels[1] is 3, but needs to be in 0 ... 2 for 3 classes.
    """
    if isinstance(classes, bool) or not isinstance(classes, Integral) or classes <= 0:
        raise ValueError(f"check_labels got classes={classes!r}, but needs a positive whole number.")
    array = np.asarray(labels)
    if array.ndim != 1 or not np.issubdtype(array.dtype, np.integer):
        raise ValueError(f"labels are {array.dtype} of shape {shape_text(array)}, but need to be integers of shape [B].")
    bad = np.flatnonzero((array < 0) | (array >= classes))
    if bad.size:
        raise ValueError(
            f"labels[{bad[0]}] is {array[bad[0]]}, but needs to be in 0 ... {classes - 1} for {classes} classes."
        )
    return array.astype(np.int32)


def label_vector(name: str, labels: ArrayLike, batch: int) -> jax.Array:
    """Labels as int32 ``[B]``, or a ValueError in the name of ``name``, at trace."""
    array = jnp.asarray(labels)
    if not jnp.issubdtype(array.dtype, jnp.integer):
        raise ValueError(
            f"{name} got labels of dtype {array.dtype}, but needs integers (class indices, not one-hot rows)."
        )
    if array.shape != (batch,):
        raise ValueError(
            f"{name} got labels of shape {shape_text(array)}, but needs [{batch}], one class index for each sample."
        )
    return array.astype(jnp.int32)


def shape_text(array: Any) -> str:
    """A shape as error messages write it."""
    return str(list(array.shape))


def is_real(value: object) -> bool:
    """Whether a value is a real number, which a bool is not."""
    return isinstance(value, Real) and not isinstance(value, bool)


def as_float(name: str, what: str, values: ArrayLike) -> jax.Array:
    """Values as float32, or a ValueError in the name of `name` about complex ones."""
    array = jnp.asarray(values)
    if jnp.issubdtype(array.dtype, jnp.complexfloating):
        raise ValueError(f"{name} got {what} of dtype {array.dtype}, but needs real numbers.")
    return array.astype(jnp.float32)
