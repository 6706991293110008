"""The action with the highest potential, or any one now and then."""

import dataclasses
import random
from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from spaic_jax._numbers import real, whole
from spaic_jax.coding.actions.base import Acting, any_of, populations
from spaic_jax.coding.values import keep
from spaic_jax.program import Context, Fragment, Op, Site, Variable


def decided(decisions: jax.Array, position: jax.Array, window: jax.Array) -> jax.Array:
    """The number of presentations that are over."""
    return decisions + (position + 1 == window).astype(decisions.dtype)


def prefer(
    potential: jax.Array, decisions: jax.Array, start: jax.Array, end: jax.Array, decay: jax.Array,
    *, actions: int, coin: float | None,
) -> jax.Array:
    """The logarithm of the probabilities of an epsilon-greedy choice; with a coin that is thrown already, of its outcome."""
    height = populations(potential, actions).mean(-1)
    best = height == height.max(-1, keepdims=True)
    epsilon = end + (start - end) * jnp.exp(-decisions.astype(end.dtype) / decay)
    if coin is not None:
        return jnp.where(coin > epsilon, any_of(best, compat=True), 0.0)
    greedy = best.astype(height.dtype) / best.sum(-1, keepdims=True).astype(height.dtype)
    return jnp.log((1 - epsilon) * greedy + epsilon / actions)


@dataclasses.dataclass(frozen=True, kw_only=True)
class HighestVoltageAction(Acting):
    """Epsilon-greedy: the action with the highest potential `V` in the last step, or, with probability ε, any one.

    $$ε(n) = ε_{end} + (ε_{start} - ε_{end}) e^{-n / decay}$$

    The number of decisions so far, `n`, is the number of presentations that are over: the state `<name>.decisions`, which
    `Simulator.restart` keeps. A loop of `Simulator.step` says how long a presentation is, `steps=`. Of actions with the same
    potential one is taken by chance; of populations, the mean potential counts.

    Args:
        epsilon_start, epsilon_end: probability of any action, at first and in the end.
        epsilon_decay: decisions in which their difference falls to 1/e.
        compat: SPAIC's choice: the coin is thrown once, so that actions are random as long as it is below ε (463 decisions
            with `seed=1`), and never again; of equal potentials the first one is taken.
        seed: of SPAIC's coin.

    Raises:
        ValueError: settings that do not fit; at a step, no `steps`.

    Source: SPAIC, `highest_voltage_action`.

    >>> HighestVoltageAction(epsilon_start=0.5).epsilon_end
    0.05
    """

    reads: ClassVar = "V"
    prefer: ClassVar = staticmethod(prefer)
    values: ClassVar = ("epsilon_start", "epsilon_end", "epsilon_decay")
    epsilon_start: float = 0.9
    epsilon_end: float = 0.05
    epsilon_decay: float = 200.0
    compat: bool = False
    seed: int = 1

    def __post_init__(self) -> None:
        kind = type(self).__name__
        for name in ("epsilon_start", "epsilon_end"):
            keep(self, **{name: real(getattr(self, name), f"{kind}: {name}", least=0, most=1)})
        keep(self, epsilon_decay=real(self.epsilon_decay, f"{kind}: epsilon_decay", above=0))
        keep(self, seed=whole(self.seed, f"{kind}: seed", least=0))

    def settings(self) -> dict[str, Any]:
        return {"coin": random.Random(self.seed).random() if self.compat else None}

    def seen(self, site: Site, context: Context) -> tuple[tuple[str, ...], Fragment]:
        """The potential of this step, and the decisions before it, which are counted."""
        decisions = f"{site.name}.decisions"
        row = Op(decisions, decided, (decisions, "[position]", "[window]"))
        return (site.source, decisions), Fragment((Variable(decisions, (), "int32", batched=False, stay=True),), (row,))
