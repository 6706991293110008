"""Coding methods of rewards, one a file, and the table of their names."""

from typing import Any

from spaic_jax._tables import resolve
from spaic_jax.coding.rewards.base import Rewarding
from spaic_jax.coding.rewards.classify_reward import ClassifyReward
from spaic_jax.coding.rewards.da_reward import DAReward
from spaic_jax.coding.rewards.environment_reward import EnvironmentReward
from spaic_jax.coding.rewards.global_reward import GlobalReward
from spaic_jax.coding.rewards.xor_reward import XORReward

REWARDS: dict[str, type[Rewarding]] = {
    "classify_reward": ClassifyReward,
    "da_reward": DAReward,
    "environment_reward": EnvironmentReward,
    "global_reward": GlobalReward,
    "xor_reward": XORReward,
}


def resolve_reward(coding_method: str | Rewarding, **settings: Any) -> Rewarding:
    """The reward of a name and its settings, or the reward itself."""
    return resolve("reward", REWARDS, Rewarding, coding_method, settings)


__all__ = [
    "REWARDS", "ClassifyReward", "DAReward", "EnvironmentReward", "GlobalReward", "Rewarding", "XORReward", "resolve_reward",
]
