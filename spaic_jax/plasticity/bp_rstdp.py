"""Reward-modulated STDP whose rewards reach each neuron by fixed random weights."""

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax._numbers import whole
from spaic_jax.plasticity.base import Rule, choice, node, number, positive
from spaic_jax.plasticity.memory import Memory, Trace, Traced
from spaic_jax.plasticity.pathway import Batch, Meeting


def fed_back(reward: jax.Array, like: jax.Array, scale: float, seed: int) -> jax.Array:
    """What rewards `[B, n]` are to each neuron, in the shape of `like`, `[B, *gives]`.

    They pass unchanged where there is one for each neuron, else through fixed weights, drawn once with `seed`.
    """
    if reward.size == like.size:
        return reward
    neurons = like.size // like.shape[0]
    weights = np.random.default_rng(seed).normal(0, scale, (neurons, reward.size // reward.shape[0])).clip(-10, 10)
    return (reward.reshape(reward.shape[0], -1) @ jnp.asarray(weights.T, reward.dtype)).reshape(like.shape)


@dataclasses.dataclass(frozen=True, kw_only=True)
class BackpropRSTDP(Rule):
    """Reward-modulated STDP in which rewards reach each neuron by fixed random weights, as in feedback alignment.

    $$ \\Delta W_{ij} = \\eta \\, (R \\, r)_i \\, (A_+ \\, s_i x_j + A_- \\, y_i s_j) - h \\, (y_i - 0.1) \\, x_j $$

    with averages x and y, `tau dx/dt = -x + s`, that count the spikes of this step, a share of which, `dt / tau`, is what a spike adds; the last term, which acts in every step,
    keeps neurons active: both are SPAIC's, at steps of 1 ms, and change with `dt`. R,
    `[neurons, n]`, is the identity where the reward has a number for each neuron, else N(0, 0.2²) within +-10.

    Each sample has its own reward and pairs of spikes; SPAIC's source multiplies the means of both over the batch. It cannot
    be built there (it asks a connection for `get_pre_name`), so it has no `compat`.

    Args:
        lr: learning rate.
        homeostatic_rate: h (SPAIC's `hs_r`).
        tau_pre, tau_post: time constants of the averages, ms.
        a_plus: change at a postsynaptic spike.
        a_minus: change at a presynaptic spike; negative to weaken.
        reward: name of the `Reward` that it learns by, of any length; the only one by default.
        seed: of R.
        batch: as of `Rule`; the mean by default, as in SPAIC.

    Raises:
        ValueError: a learning rate or time constant that is not positive, a seed that is no whole number; at build, naming the
            connection, no reward, or several without a name.

    Source: SPAIC, `bp_rstdp`; R as in Lillicrap et al., Nature Communications 7 (2016).

    >>> BackpropRSTDP().tau_post
    12.0
    """

    any_reward: ClassVar = True
    lr: float = positive(0.1)
    homeostatic_rate: float = number(0.01, least=0)
    tau_pre: float = positive(5.0)
    tau_post: float = positive(12.0)
    a_plus: float = number(1.0)
    a_minus: float = number(-0.4)
    reward: str | None = node("reward")
    seed: int = 0
    batch: Batch = choice("mean", "sum", "weighted")

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "seed", whole(self.seed, "BackpropRSTDP: seed", least=0))

    def memories(self, dt: float) -> Mapping[str, Trace | Memory]:
        return {"x": Trace("pre", self.tau_pre, "average"), "y": Trace("post", self.tau_post, "average")}

    def change(self, at: Meeting, *, x: Traced, y: Traced, reward: jax.Array, **remembered: Any) -> Mapping[str, jax.Array]:
        gain = self.lr * fed_back(reward, at.post, 0.2, self.seed)
        by_post = gain * self.a_plus * at.post - self.homeostatic_rate * (y.now - 0.1)
        return {"weight": at.outer(by_post, x.now) + at.outer(gain * self.a_minus * y.now, at.pre)}
