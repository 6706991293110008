"""Cross entropy of every step."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from spaic_jax._shapes import Array, Float, Int, Integer, Shaped
from spaic_jax.train.labels import as_array, as_float, check_integers, shape_text
from spaic_jax.train.losses.base import are_labels, check_sizes, held_to, reads, smoothed_cross_entropy
from spaic_jax.train.losses.over_time import reduced, there

_NAME = "step_cross_entropy"


def _logits(scores: ArrayLike) -> jax.Array:
    logits = as_float(_NAME, "scores", scores)
    if logits.ndim != 3 or logits.shape[0] == 0:
        raise ValueError(f"{_NAME} got scores of shape {shape_text(logits)}, but needs [T, B, C].")
    check_sizes(_NAME, "scores", logits)
    return logits


def _scores(
    scores: Shaped[ArrayLike, "time batch classes"], *, lengths: Int[Array, "batch"] | None = None
) -> Float[Array, "batch classes"]:
    return reduced(_NAME, jax.nn.log_softmax(_logits(scores)), "mean", lengths)


@reads(_scores)
def step_cross_entropy(
    scores: Shaped[ArrayLike, "time batch classes"],
    labels: Integer[ArrayLike, "*steps batch"] | Float[ArrayLike, "batch classes"],
    *,
    label_smoothing: float = 0.0,
    lengths: Int[Array, "batch"] | None = None,
) -> Float[Array, ""]:
    r"""Softmax cross entropy of each step that is looked at, with the scores of the step as logits.

        loss = mean_{t, b: label[t, b] >= 0} [ log sum_c exp(x[t, b, c]) - x[t, b, label[t, b]] ]

    Every step that is looked at counts alike, so that a sample with more of them counts more. With one label for a sample,
    each of its steps is held to it, and its class is the one whose log probability is the highest in the mean of its
    steps.

    Args:
        scores: ``[T, B, C]``, any real dtype.
        labels: integers ``[T, B]``, -1 where a step is not looked at; or ``[B]``, or class probabilities ``[B, C]``, for all
            steps. The loss is 0 where no step is looked at, and NaN where another label is no class.
        label_smoothing: as of :func:`count_cross_entropy`.
        lengths: the steps of each sample, ``[B]``; ``None`` for all T. Those after them are not looked at.

    Raises:
        ValueError: if a shape, the dtype of the labels or the share is wrong.

    >>> scores = jnp.array([[[3.0, 0.0]], [[1.0, 0.0]]])
    >>> round(float(step_cross_entropy(scores, jnp.array([[0], [-1]]))), 4)
    0.0486
    """
    logits, given = _logits(scores), as_array(_NAME, "labels", labels)
    steps, batch, classes = logits.shape
    if given.ndim == 2 and jnp.issubdtype(given.dtype, jnp.floating):
        shares = held_to(_NAME, given, logits[0])
        in_range, looked_at = are_labels(shares, classes), jnp.ones((steps, batch), bool)
        wanted = jnp.broadcast_to(shares, logits.shape)
    else:
        check_integers(_NAME, given)
        if given.shape not in ((steps, batch), (batch,)):
            raise ValueError(
                f"{_NAME} got labels of shape {shape_text(given)}, but needs [{steps}, {batch}], one class index for each step, or"
                f" [{batch}], one for each sample."
            )
        in_range = jnp.all((given >= (-1 if given.ndim == 2 else 0)) & (given < classes))
        index = jnp.broadcast_to(given, (steps, batch)).astype(jnp.int32)
        looked_at, wanted = index >= 0, jnp.maximum(index, 0)
    if lengths is not None:
        looked_at &= there(lengths, steps)
    losses = smoothed_cross_entropy(_NAME, logits, wanted, label_smoothing)
    total = jnp.sum(jnp.where(looked_at, losses, 0.0))
    return jnp.where(in_range, total / jnp.maximum(jnp.sum(looked_at), 1).astype(total.dtype), jnp.nan)
