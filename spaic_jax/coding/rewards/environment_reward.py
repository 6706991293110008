"""A reward that is given."""

import dataclasses
from typing import Any, ClassVar

import jax

from spaic_jax.coding.check import check_range
from spaic_jax.coding.rewards.base import Rewarding
from spaic_jax.program import Context, Fragment, Site, Variable


def judge(given: jax.Array) -> jax.Array:
    """What is given, `[B, n]`."""
    return given.reshape(given.shape[0], -1)


def check_given(what: str, x: Any, steps: int | None) -> None:
    """ValueError that names the first reward that is not finite."""
    check_range(what, x, "finite numbers")


@dataclasses.dataclass(frozen=True, kw_only=True)
class EnvironmentReward(Rewarding):
    """The run's input itself, such as what an environment gives: `[B]` held or `[T, B]`, one number a sample.

    Without a target and with a size `n` of more than one, `[B, n]` or `[T, B, n]`: a number for each neuron that learns.

    Args:
        dec_sample_step: see `Rewarding`.

    Raises:
        ValueError: at a run, rewards that are not finite.

    Source: SPAIC, `environment_reward`.

    >>> EnvironmentReward(dec_sample_step="presentation").dec_sample_step
    'presentation'
    """

    judge: ClassVar = staticmethod(judge)

    def size(self, num: int, target: bool) -> int:
        return 1 if target else num

    def given(self, name: str, num: int, target: bool) -> Variable:
        size = self.size(num, target)
        shape = () if size == 1 else (size,)
        return Variable(name, shape, role="input", axes="either", narrow=False, check=check_given)

    def seen(self, site: Site, context: Context) -> tuple[tuple[str, ...], Fragment]:
        """No spikes."""
        return (), Fragment()
