"""A reward for the population that was right."""

import dataclasses
from typing import ClassVar

import jax
import jax.numpy as jnp

from spaic_jax.coding.rewards.base import Populations, votes


def judge(
    spikes: jax.Array, label: jax.Array, reward_signal: jax.Array, punish_signal: jax.Array, *, pop_size: int, compat: bool
) -> jax.Array:
    """The signal of each neuron, `[B, num]`."""
    counts = votes(spikes, pop_size, reward_signal.dtype)
    right = (counts.argmax(-1) == label)[:, None] & jax.nn.one_hot(label, counts.shape[1], dtype=bool)
    reward = jnp.repeat(jnp.where(right, reward_signal, punish_signal), pop_size, axis=-1)
    return jnp.broadcast_to(reward.sum(0, keepdims=True), reward.shape) if compat else reward


@dataclasses.dataclass(frozen=True, kw_only=True)
class DAReward(Populations):
    """As dopamine, one value a neuron, `[B, num]`: `reward_signal` for the population that fired most, if it is that of the label.

    All other neurons get `punish_signal`: those of populations that lost, and all where the answer is wrong. The input,
    ties and silence are as of `GlobalReward`.

    Args:
        pop_size: neurons of a population; the number of labels is that of the populations.
        reward_signal, punish_signal: the two values.
        compat: SPAIC's reward of a batch: the sum over its samples, for every sample.
        dec_sample_step: see `Rewarding`.

    Raises:
        ValueError: settings that do not fit; at a run, labels out of range.

    Source: SPAIC, `da_reward`.

    >>> DAReward().punish_signal
    0.0
    """

    judge: ClassVar = staticmethod(judge)
    punish_signal: float = 0.0

    def size(self, num: int, target: bool) -> int:
        return num
