"""A reward for firing when it is wanted."""

import dataclasses
from typing import ClassVar

import jax
import jax.numpy as jnp

from spaic_jax.coding.rewards.base import Populations, labels, votes
from spaic_jax.program import Variable


def judge(
    spikes: jax.Array, wanted: jax.Array, reward_signal: jax.Array, punish_signal: jax.Array, *, pop_size: int, compat: bool
) -> jax.Array:
    """The signal of each sample, `[B, 1]`."""
    fired = votes(spikes, pop_size, reward_signal.dtype) > 0
    reward = jnp.where(fired & (wanted == 1)[:, None], reward_signal, punish_signal)
    return reward if compat else jnp.where(fired, reward, 0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class XORReward(Populations):
    """For one neuron: `reward_signal` where it fired and the label is 1, `punish_signal` where it fired and the label is 0.

    Silence gives nothing: `[B, 1]`. The input is the label, `[B]` held or `[T, B]`.

    Args:
        pop_size: that of the target, where it is one population that answers together.
        reward_signal, punish_signal: the two values.
        compat: SPAIC's reward: silence is punished whatever the label.
        dec_sample_step: see `Rewarding`.

    Raises:
        ValueError: a target of more than one population; at a run, labels other than 0 and 1.

    Source: Florian (2007), Neural Computation 19, 1468, for XOR; SPAIC, `xor_reward`.

    >>> XORReward().reward_signal
    1.0
    """

    judge: ClassVar = staticmethod(judge)

    def given(self, name: str, num: int, target: bool) -> Variable:
        return labels(name, 2)

    def check(self, num: int) -> None:
        if num != self.pop_size:
            raise ValueError(f"xor_reward needs a target of one population, but it has {num} neurons and pop_size is {self.pop_size}.")
