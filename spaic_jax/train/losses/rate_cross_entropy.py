"""Cross entropy of firing rates."""

from __future__ import annotations

from jax.typing import ArrayLike

from spaic_jax._numbers import real
from spaic_jax._shapes import Array, Float, Shaped
from spaic_jax.train.losses.base import Labels, cross_entropy


def rate_cross_entropy(
    rates: Shaped[ArrayLike, "batch classes"],
    labels: Labels,
    *,
    scale: float = 10.0,
    label_smoothing: float = 0.0,
) -> Float[Array, ""]:
    r"""Softmax cross entropy with scaled firing rates as logits.

        loss = mean_b [ log sum_c exp(scale r[b, c]) - scale r[b, label_b] ]

    Rates in 0 ... 1 are weak logits: with ``scale=1`` and ten classes even a perfect
    answer costs log(1 + 9/e) = 1.46. With the default a perfect answer costs 4e-4. With
    ``scale`` equal to the number of steps this is :func:`count_cross_entropy`.

    Args:
        rates: spikes per step ``[B, C]``.
        labels: integers ``[B]``, or class probabilities ``[B, C]``.
        scale: inverse temperature, positive.
        label_smoothing: as of :func:`count_cross_entropy`.

    Raises:
        ValueError: if a shape, the dtype of the labels or a setting is wrong.

    >>> import jax.numpy as jnp
    >>> round(float(rate_cross_entropy(jnp.array([[0.3, 0.0]]), jnp.array([0]))), 4)
    0.0486
    """
    scale = real(scale, "rate_cross_entropy: scale", above=0)
    return cross_entropy("rate_cross_entropy", "rates", rates, labels, scale=scale, label_smoothing=label_smoothing)
