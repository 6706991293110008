"""Cross entropy of membrane potentials."""

from __future__ import annotations

from jax.typing import ArrayLike

from spaic_jax._shapes import Array, Float, Int, Shaped
from spaic_jax.train.labels import as_float, shape_text
from spaic_jax.train.losses.base import Labels, cross_entropy, reads
from spaic_jax.train.losses.over_time import reduced

_NAME = "membrane_cross_entropy"


def _scores(
    potential: Shaped[ArrayLike, "*steps batch classes"], *, reduce: str = "max", lengths: Int[Array, "batch"] | None = None
) -> Float[Array, "batch classes"]:
    values = as_float(_NAME, "potential", potential)
    if values.ndim not in (2, 3) or values.shape[0] == 0:
        raise ValueError(f"{_NAME} got potential of shape {shape_text(values)}, but needs [B, C] or [T, B, C].")
    over_time = reduced(_NAME, values if values.ndim == 3 else values[None], reduce, lengths)
    return over_time if values.ndim == 3 else values


@reads(_scores)
def membrane_cross_entropy(
    potential: Shaped[ArrayLike, "*steps batch classes"],
    labels: Labels,
    *,
    reduce: str = "max",
    label_smoothing: float = 0.0,
    lengths: Int[Array, "batch"] | None = None,
) -> Float[Array, ""]:
    r"""Softmax cross entropy with membrane potentials as logits.

        u[b, c] = max_t, mean_t or last_t of V[t, b, c]
        loss    = mean_b [ log sum_c exp(u[b, c]) - u[b, label_b] ]

    Args:
        potential: ``[T, B, C]``, or ``[B, C]`` where time is reduced already (``reduce``
            is then without effect).
        labels: integers ``[B]``, or class probabilities ``[B, C]``.
        reduce: ``"max"`` (steps that share the maximum share its gradient), ``"mean"``
            or ``"last"``.
        label_smoothing: as of :func:`count_cross_entropy`.
        lengths: the steps of each sample, ``[B]``; ``None`` for all T.

    Raises:
        ValueError: if a shape, the dtype of the labels or a setting is wrong.

    >>> import jax.numpy as jnp
    >>> potential = jnp.array([[[3.0, 0.0]], [[1.0, 0.0]]])
    >>> round(float(membrane_cross_entropy(potential, jnp.array([0]))), 4)
    0.0486
    >>> round(float(membrane_cross_entropy(potential, jnp.array([0]), reduce="last")), 4)
    0.3133
    """
    scores = _scores(potential, reduce=reduce, lengths=lengths)
    return cross_entropy(_NAME, "potential", scores, labels, label_smoothing=label_smoothing)
