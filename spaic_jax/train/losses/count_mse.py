"""The mean square of what spike counts lack."""

from __future__ import annotations

import jax.numpy as jnp
from jax.typing import ArrayLike

from spaic_jax._numbers import real, whole
from spaic_jax._shapes import Array, Float, Shaped
from spaic_jax.train.losses.base import Labels, mean_over_batch, pair, share_of_each


def count_mse(
    counts: Shaped[ArrayLike, "batch classes"],
    labels: Labels,
    *,
    steps: int,
    correct: float = 0.8,
    incorrect: float = 0.2,
) -> Float[Array, ""]:
    r"""Mean square of spike counts less target counts.

        target[b, c] = steps * (correct if c == label_b else incorrect)
        loss         = mean_{b, c} (n[b, c] - target[b, c])^2

    The unit is spikes squared. For a loss that does not grow with the number of steps,
    divide it by ``steps**2``. Targets of 1 and 0 ask for a spike in every step and for
    silence; the defaults leave neurons that can still learn.

    Args:
        counts: spike counts ``[B, C]``, any real dtype.
        labels: integers ``[B]``, or class probabilities ``[B, C]``, whose targets lie between.
        steps: number of steps over which spikes were counted, positive.
        correct: wanted spikes per step of the right class, in 0 ... 1.
        incorrect: wanted spikes per step of the others, from 0 to below ``correct``.

    Raises:
        ValueError: if a shape, the dtype of the labels or another argument is wrong.

    >>> counts = jnp.array([[8.0, 1.0]])
    >>> float(count_mse(counts, jnp.array([0]), steps=10))
    0.5
    """
    name = "count_mse"
    steps = whole(steps, f"{name}: steps")
    correct = real(correct, f"{name}: correct (spikes per step of the right class)", above=0, most=1)
    incorrect = real(incorrect, f"{name}: incorrect (spikes per step of the others)", least=0, below=correct)
    logits, index = pair(name, "counts", counts, labels)
    right = share_of_each(index, logits.shape[1])
    high, low = correct * steps, incorrect * steps
    error = logits - (right * (high - low) + low)
    return mean_over_batch(jnp.mean(error * error, axis=1), index, logits.shape[1])
