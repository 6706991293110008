"""Checks of labels and of what losses and metrics are given."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from spaic_jax._numbers import array_of, whole
from spaic_jax._shapes import Array, Int


def check_labels(labels: Any, classes: int) -> np.ndarray:
    """Labels as a host array int32 ``[B]`` or ``[T, B]``, or a ValueError that names the first bad one.

    For use outside ``jax.jit``, once per data set or batch.

    Args:
        labels: integers ``[B]`` in 0 ... classes - 1, or ``[T, B]`` of steps, -1 where one is not looked at; in whatever NumPy
            can read. Some step of each sample must be looked at.
        classes: number of classes, positive.

    >>> check_labels([0, 2, 1], 3)
    array([0, 2, 1], dtype=int32)
    >>> check_labels([0, 3], 3)
    Traceback (most recent call last):
        ...
    ValueError: labels[1] is 3, but needs to be in 0 ... 2 for 3 classes.
    """
    classes = whole(classes, "check_labels: classes")
    array = np.asarray(array_of(labels, "labels"))
    if array.ndim not in (1, 2) or not np.issubdtype(array.dtype, np.integer):
        raise ValueError(
            f"labels are {array.dtype} of shape {shape_text(array)}, but need to be integers of shape [B], or [T, B] of steps."
        )
    least, or_not = (0, "") if array.ndim == 1 else (-1, ", or -1 where a step is not looked at")
    bad = np.argwhere((array < least) | (array >= classes))
    if bad.size:
        place = tuple(int(i) for i in bad[0])
        raise ValueError(
            f"labels{list(place)} is {array[place]}, but needs to be in 0 ... {classes - 1} for {classes} classes{or_not}."
        )
    if array.ndim == 2 and (unseen := np.flatnonzero((array < 0).all(0))).size:
        raise ValueError(f"labels[:, {unseen[0]}] are all -1, so that no step of this sample is looked at: leave it out.")
    return array.astype(np.int32)


def label_vector(name: str, labels: ArrayLike, batch: int) -> Int[Array, "{batch}"]:
    """Labels as int32 ``[B]``, or a ValueError in the name of ``name``, at trace."""
    array = as_array(name, "labels", labels)
    check_integers(name, array)
    if array.shape != (batch,):
        raise ValueError(
            f"{name} got labels of shape {shape_text(array)}, but needs [{batch}], one class index for each sample."
        )
    return array.astype(jnp.int32)


def class_labels(name: str, labels: ArrayLike, values: jax.Array) -> jax.Array:
    """Labels of values ``[B, C]``: classes, int32 ``[B]``, or class probabilities, float32 ``[B, C]``; ValueError for others."""
    array = as_array(name, "labels", labels)
    if array.ndim < 2 or not jnp.issubdtype(array.dtype, jnp.floating):
        return label_vector(name, array, values.shape[0])
    if array.shape != values.shape:
        raise ValueError(
            f"{name} got class probabilities of shape {shape_text(array)}, but needs {shape_text(values)}, one for each class."
        )
    return array.astype(jnp.float32)


def check_integers(name: str, labels: jax.Array) -> None:
    """ValueError in the name of `name` unless labels are integers."""
    if not jnp.issubdtype(labels.dtype, jnp.integer):
        raise ValueError(f"{name} got labels of dtype {labels.dtype}, but needs integers [B], class indices, or class probabilities [B, C].")


def shape_text(array: Any) -> str:
    """A shape as error messages write it."""
    return str(list(array.shape))


def as_float(name: str, what: str, values: ArrayLike) -> jax.Array:
    """Values as float32, or a ValueError in the name of `name` about complex ones."""
    array = as_array(name, what, values)
    if jnp.issubdtype(array.dtype, jnp.complexfloating):
        raise ValueError(f"{name} got {what} of dtype {array.dtype}, but needs real numbers.")
    return array.astype(jnp.float32)


def as_array(name: str, what: str, values: ArrayLike) -> jax.Array:
    """An array of JAX, of numbers in whatever JAX or NumPy can read; ValueError in the name of `name` for none."""
    return jnp.asarray(array_of(values, f"{name}: {what}"))
