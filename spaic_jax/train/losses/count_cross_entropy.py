"""Cross entropy of spike counts."""

from __future__ import annotations

from jax.typing import ArrayLike

from spaic_jax._shapes import Array, Float, Shaped
from spaic_jax.train.losses.base import Labels, cross_entropy


def count_cross_entropy(
    counts: Shaped[ArrayLike, "batch classes"], labels: Labels, *, label_smoothing: float = 0.0
) -> Float[Array, ""]:
    r"""Softmax cross entropy with spike counts as logits.

        loss = mean_b [ log sum_c exp(n[b, c]) - n[b, label_b] ]

    With class probabilities p, n[b, label_b] is the mean of the counts, sum_c p[b, c] n[b, c].

    Args:
        counts: spike counts ``[B, C]``, any real dtype.
        labels: integers ``[B]``, or class probabilities ``[B, C]``.
        label_smoothing: share e of each target that all classes have alike, from 0 to below 1: the target of the label is
            1 - e + e / C, that of the others e / C.

    Raises:
        ValueError: if a shape, the dtype of the labels or the share is wrong.

    >>> import jax.numpy as jnp
    >>> round(float(count_cross_entropy(jnp.array([[3.0, 0.0]]), jnp.array([0]))), 4)
    0.0486
    """
    return cross_entropy("count_cross_entropy", "counts", counts, labels, label_smoothing=label_smoothing)
