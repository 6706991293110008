"""Measures of how well scores agree with labels.

Shapes: ``B`` samples, ``C`` classes. All are pure and may be used under ``jax.jit``.
"""

from __future__ import annotations

import jax.numpy as jnp
from jax.typing import ArrayLike

from spaic_jax._numbers import whole
from spaic_jax._shapes import Array, Float, Int, Integer, Shaped
from spaic_jax.train.labels import as_array, label_vector

__all__ = ["accuracy", "confusion_matrix"]


def accuracy(
    scores: Shaped[ArrayLike, "batch classes"], labels: Integer[ArrayLike, "batch"],
    weights: Shaped[ArrayLike, "batch"] | None = None,
) -> Float[Array, ""]:
    r"""Share of samples whose highest score is that of their label, a float32 scalar.

        accuracy = sum_b w_b [argmax_c scores[b, c] == label_b] / sum_b w_b

    Of equal scores the lowest index wins; so a silent output, whose counts are all 0,
    answers class 0. A sample with a NaN score is wrong, whatever its label, and so is one
    whose label is no class.

    Args:
        scores: ``[B, C]``, any real dtype.
        labels: integers ``[B]``.
        weights: ``[B]``, >= 0; 0 leaves out a sample, such as the padding of a last
            batch. None weighs all alike. The answer is NaN if they sum to 0.

    Raises:
        ValueError: if a shape or the dtype of the labels is wrong.

    >>> scores = jnp.array([[2.0, 1.0], [0.0, 0.0], [0.0, 3.0]])
    >>> float(accuracy(scores, jnp.array([0, 1, 1]), jnp.array([1.0, 1.0, 2.0])))
    0.75
    """
    array = as_array(scores)
    if array.ndim != 2 or 0 in array.shape:
        raise ValueError(
            f"accuracy got scores of shape {list(array.shape)}, but needs [B, C] with at "
            "least one sample and one class."
        )
    answer = _predictions("accuracy", array)
    index = label_vector("accuracy", labels, array.shape[0])
    right = ((answer == index) & (answer >= 0)).astype(jnp.float32)
    if weights is None:
        return jnp.mean(right)
    weight = as_array(weights)
    if weight.shape != index.shape:
        raise ValueError(
            f"accuracy got weights of shape {list(weight.shape)}, but needs [{array.shape[0]}], one for each sample."
        )
    weight = weight.astype(jnp.float32)
    return jnp.sum(right * weight) / jnp.sum(weight)


def confusion_matrix(
    predictions: Shaped[ArrayLike, "batch *classes"], labels: Integer[ArrayLike, "batch"], classes: int
) -> Int[Array, "{classes} {classes}"]:
    r"""How often each class was answered for each class, int32 ``[classes, classes]``.

        m[i, j] = number of samples b with label_b = i and answer_b = j

    Rows are true classes, columns predicted ones. The matrices of several batches add
    up. A sample is left out where its label or answer is no class, so -1 may mark
    padding; so is one with a NaN score.

    Args:
        predictions: answers as integers ``[B]``, or scores ``[B, classes]``, of which the
            highest is the answer (of equal ones the lowest index).
        labels: integers ``[B]``.
        classes: number of classes, positive.

    Raises:
        ValueError: if a shape, a dtype or ``classes`` is wrong.

    >>> print(confusion_matrix(jnp.array([0, 1, 1]), jnp.array([0, 0, 1]), 2))
    [[1 1]
     [0 1]]
    """
    name = "confusion_matrix"
    size = whole(classes, f"{name}: classes")
    array = as_array(predictions)
    if array.ndim == 2 and array.shape[1] == size:
        answer = _predictions(name, array)
    elif array.ndim == 1 and jnp.issubdtype(array.dtype, jnp.integer):
        answer = array.astype(jnp.int32)
    else:
        raise ValueError(
            f"{name} got predictions of dtype {array.dtype} and shape {list(array.shape)}, "
            f"but needs integers [B] or scores [B, {size}]."
        )
    index = label_vector(name, labels, array.shape[0])
    # An index past the end is dropped, but JAX reads -1 as the last one.
    row = jnp.where(index < 0, size, index)
    column = jnp.where(answer < 0, size, answer)
    empty = jnp.zeros((size, size), dtype=jnp.int32)
    return empty.at[row, column].add(1, mode="drop")


def _predictions(name: str, scores: Shaped[Array, "batch classes"]) -> Int[Array, "batch"]:
    """The index of the highest score, int32 ``[B]``; -1 where a score is NaN."""
    if jnp.issubdtype(scores.dtype, jnp.complexfloating):
        raise ValueError(f"{name} got scores of dtype {scores.dtype}, but needs real numbers.")
    answer = jnp.argmax(scores, axis=1).astype(jnp.int32)
    if jnp.issubdtype(scores.dtype, jnp.floating):
        # argmax takes NaN for the highest, which would make a diverged network right
        # about class 0.
        answer = jnp.where(jnp.any(jnp.isnan(scores), axis=1), -1, answer)
    return answer
