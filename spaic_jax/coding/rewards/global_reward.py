"""One reward for a right answer."""

import dataclasses
from typing import ClassVar

import jax
import jax.numpy as jnp

from spaic_jax.coding.rewards.base import Populations, votes


def judge(
    spikes: jax.Array, label: jax.Array, reward_signal: jax.Array, punish_signal: jax.Array, *, pop_size: int, compat: bool
) -> jax.Array:
    """The signal of each sample, `[B, 1]`."""
    right = votes(spikes, pop_size, reward_signal.dtype).argmax(-1) == label
    reward = jnp.where(right, reward_signal, punish_signal)[:, None]
    return jnp.broadcast_to(reward.mean(0, keepdims=True), reward.shape) if compat else reward


@dataclasses.dataclass(frozen=True, kw_only=True)
class GlobalReward(Populations):
    """`reward_signal` where the population that fired most is that of the label, else `punish_signal`: `[B, 1]`.

    The input is the label, `[B]` held or `[T, B]`. Of populations that fired equally often the first one counts, and so
    does the first one of all where none fired.

    Args:
        pop_size: neurons of a population; the number of labels is that of the populations.
        reward_signal, punish_signal: the two values.
        compat: SPAIC's reward of a batch: the mean over its samples, for every sample.
        dec_sample_step: see `Rewarding`.

    Raises:
        ValueError: settings that do not fit; at a run, labels out of range.

    Source: SPAIC, `global_reward`.

    >>> GlobalReward(punish_signal=-0.5).dec_sample_step
    1
    """

    judge: ClassVar = staticmethod(judge)
