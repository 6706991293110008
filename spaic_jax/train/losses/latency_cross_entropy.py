"""Cross entropy of first spike times."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from spaic_jax._numbers import real
from spaic_jax.train.losses.base import mean_over_batch, pair, share_of_each, smoothed_cross_entropy


def latency_cross_entropy(
    scores: ArrayLike, labels: ArrayLike, *, tau: float = 0.5, late: float = 0.003, tau_late: float = 6.4
) -> jax.Array:
    r"""Softmax cross entropy with first spike times: the neuron of the label shall be the first to fire.

        t[b, c] = -scores[b, c]
        loss    = mean_b [ log sum_c exp(-t[b, c] / tau) + t[b, label_b] / tau + late (exp(t[b, label_b] / tau_late) - 1) ]

    The last term asks the neuron of the label to fire early, too. The defaults are those of the paper for the Yin-Yang
    data set.

    Args:
        scores: minus the times of first spikes, ms, ``[B, C]``: what the decoder ``"first_spike_time"`` gives with
            ``scale=-1``.
        labels: integers ``[B]``, or class probabilities ``[B, C]``, by which the last term is weighted.
        tau: how far apart times shall be, ms, positive.
        late: weight of the last term, not negative.
        tau_late: its time constant, ms, positive.

    Raises:
        ValueError: if a shape, the dtype of the labels or another argument is wrong.

    Source: Wunderlich and Pehle (2021).

    >>> round(float(latency_cross_entropy(jnp.array([[-4.0, -10.0]]), jnp.array([0]), tau=2.0, late=0.0)), 4)
    0.0486
    """
    name = "latency_cross_entropy"
    tau = real(tau, f"{name}: tau", above=0)
    late = real(late, f"{name}: late", least=0)
    tau_late = real(tau_late, f"{name}: tau_late", above=0)
    values, index = pair(name, "scores", scores, labels)
    losses = smoothed_cross_entropy(name, values / tau, index, 0.0)
    share = share_of_each(index, values.shape[1])
    # A class without a share may be as late as it likes.
    delay = jnp.sum(share * jnp.expm1(-jnp.where(share > 0, values, 0.0) / tau_late), axis=1)
    return mean_over_batch(losses + late * delay, index, values.shape[1])
