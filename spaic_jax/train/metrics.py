"""Measures of how well scores agree with labels, and outputs with targets.

Shapes: ``B`` samples, ``C`` classes, ``T`` steps. All are pure and may be used under ``jax.jit``.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from spaic_jax._numbers import whole
from spaic_jax._shapes import Array, Float, Int, Integer, Shaped
from spaic_jax.train.labels import as_array, as_float, check_integers, class_labels, shape_text

__all__ = ["accuracy", "confusion_matrix", "r2"]


def accuracy(
    scores: Shaped[ArrayLike, "*steps batch classes"],
    labels: Integer[ArrayLike, "*steps batch"] | Float[ArrayLike, "batch classes"],
    weights: Shaped[ArrayLike, "*steps batch"] | None = None,
) -> Float[Array, ""]:
    r"""Share of samples, or of their steps, whose highest score is that of their label, a float32 scalar.

        accuracy = sum_b w_b [argmax_c scores[b, c] == label_b] / sum_b w_b

    Of equal scores the lowest index wins; so a silent output, whose counts are all 0,
    answers class 0. A sample with a NaN score is wrong, whatever its label, and so is one
    whose label is no class; of the labels of steps -1 leaves out a step.

    Args:
        scores: ``[B, C]``, or ``[T, B, C]`` of every step; any real dtype.
        labels: integers ``[B]``, or ``[T, B]``; or class probabilities ``[B, C]``, of which the largest is the label.
        weights: ``[B]`` or ``[T, B]``, >= 0; 0 leaves out a sample, such as the padding of a last
            batch. None weighs all alike. The answer is NaN if they sum to 0.

    Raises:
        ValueError: if a shape or the dtype of the labels is wrong.

    >>> scores = jnp.array([[2.0, 1.0], [0.0, 0.0], [0.0, 3.0]])
    >>> float(accuracy(scores, jnp.array([0, 1, 1]), jnp.array([1.0, 1.0, 2.0])))
    0.75
    >>> float(accuracy(scores[:, None], jnp.array([[0], [-1], [0]])))
    0.5
    """
    array, index = as_array("accuracy", "scores", scores), as_array("accuracy", "labels", labels)
    if array.ndim not in (2, 3) or 0 in array.shape:
        raise ValueError(
            f"accuracy got scores of shape {list(array.shape)}, but needs [B, C], or [T, B, C] of steps, with at "
            "least one sample and one class."
        )
    if array.ndim == 2:
        index, counts = _classes("accuracy", index, array), None
    else:
        check_integers("accuracy", index)
        if index.shape != array.shape[:2]:
            raise ValueError(
                f"accuracy got labels of shape {shape_text(index)}, but needs {list(array.shape[:2])}, one class index for each step."
            )
        counts = (index != -1).astype(jnp.float32)
    answer = answers("accuracy", array)
    right = ((answer == index) & (answer >= 0)).astype(jnp.float32)
    if weights is not None:
        weight = as_array("accuracy", "weights", weights)
        if weight.shape != index.shape:
            raise ValueError(
                f"accuracy got weights of shape {list(weight.shape)}, but needs {list(index.shape)}, one for each"
                f" {'sample' if index.ndim == 1 else 'step'}."
            )
        counts = weight.astype(jnp.float32) * (1 if counts is None else counts)
    return jnp.mean(right) if counts is None else jnp.sum(right * counts) / jnp.sum(counts)


def r2(
    output: Shaped[ArrayLike, "*shape"], targets: Shaped[ArrayLike, "*shape"], weights: Shaped[ArrayLike, "..."] | None = None
) -> Float[Array, ""]:
    r"""Coefficient of determination: the share of the targets' variance that an output explains.

        R2 = 1 - sum (output - target)^2 / sum (target - mean target)^2

    Sums are over all numbers; the mean of each number of a target is that over samples, and steps. The answer is NaN, or
    infinite, where targets do not vary.

    Args:
        output: ``[B, ...]`` or ``[T, B, ...]``, any real dtype.
        targets: real numbers of the same shape.
        weights: ``[B]``, or ``[T, B]`` for an output of every step, >= 0; 0 leaves out a sample or a step. ``None`` weighs all
            samples ``[B]`` alike.

    Raises:
        ValueError: if a shape or a dtype is wrong.

    >>> round(float(r2(jnp.array([1.0, 2.0, 4.0]), jnp.array([1.0, 2.0, 3.0]))), 2)
    0.5
    """
    values, wanted = as_float("r2", "output", output), as_float("r2", "targets", targets)
    weight = jnp.ones(values.shape[:1]) if weights is None else as_float("r2", "weights", weights)
    if values.shape != wanted.shape or values.size == 0 or values.shape[: weight.ndim] != weight.shape:
        raise ValueError(
            f"r2 got an output of shape {shape_text(values)}, targets of shape {shape_text(wanted)} and weights of shape"
            f" {shape_text(weight)}, but needs the first two alike, with at least one number, and weights [B] or [T, B]."
        )
    over = tuple(range(weight.ndim))
    weight = weight.reshape(*weight.shape, *(1,) * (values.ndim - weight.ndim))
    mean = jnp.sum(wanted * weight, over, keepdims=True) / jnp.sum(weight)
    return 1 - jnp.sum(weight * jnp.square(values - wanted)) / jnp.sum(weight * jnp.square(wanted - mean))


def confusion_matrix(
    predictions: Shaped[ArrayLike, "batch *classes"], labels: Integer[ArrayLike, "batch"] | Float[ArrayLike, "batch classes"], classes: int
) -> Int[Array, "{classes} {classes}"]:
    r"""How often each class was answered for each class, int32 ``[classes, classes]``.

        m[i, j] = number of samples b with label_b = i and answer_b = j

    Rows are true classes, columns predicted ones. The matrices of several batches add
    up. A sample is left out where its label or answer is no class, so -1 may mark
    padding; so is one with a NaN score.

    Args:
        predictions: answers as integers ``[B]``, or scores ``[B, classes]``, of which the
            highest is the answer (of equal ones the lowest index).
        labels: integers ``[B]``, or class probabilities ``[B, classes]``, of which the largest is the label.
        classes: number of classes, positive.

    Raises:
        ValueError: if a shape, a dtype or ``classes`` is wrong.

    >>> print(confusion_matrix(jnp.array([0, 1, 1]), jnp.array([0, 0, 1]), 2))
    [[1 1]
     [0 1]]
    """
    name = "confusion_matrix"
    size = whole(classes, f"{name}: classes")
    array = as_array(name, "predictions", predictions)
    if array.ndim == 2 and array.shape[1] == size:
        answer = answers(name, array)
    elif array.ndim == 1 and jnp.issubdtype(array.dtype, jnp.integer):
        answer = array.astype(jnp.int32)
    else:
        raise ValueError(
            f"{name} got predictions of dtype {array.dtype} and shape {list(array.shape)}, "
            f"but needs integers [B] or scores [B, {size}]."
        )
    index = _classes(name, labels, jnp.zeros((array.shape[0], size)))
    # An index past the end is dropped, but JAX reads -1 as the last one.
    row = jnp.where(index < 0, size, index)
    column = jnp.where(answer < 0, size, answer)
    empty = jnp.zeros((size, size), dtype=jnp.int32)
    return empty.at[row, column].add(1, mode="drop")


def _classes(name: str, labels: ArrayLike, scores: jax.Array) -> Int[Array, "batch"]:
    """The class of each sample; -1 where a probability is NaN."""
    checked = class_labels(name, labels, scores)
    return answers(name, checked) if checked.ndim == 2 else checked


def answers(name: str, scores: Shaped[Array, "*batch classes"]) -> Int[Array, "*batch"]:
    """The index of the highest score, int32; -1 where a score is NaN."""
    if jnp.issubdtype(scores.dtype, jnp.complexfloating):
        raise ValueError(f"{name} got scores of dtype {scores.dtype}, but needs real numbers.")
    answer = jnp.argmax(scores, axis=-1).astype(jnp.int32)
    if jnp.issubdtype(scores.dtype, jnp.floating):
        # argmax takes NaN for the highest, which would make a diverged network right
        # about class 0.
        answer = jnp.where(jnp.any(jnp.isnan(scores), axis=-1), -1, answer)
    return answer
