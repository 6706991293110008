"""Reward-modulated STDP with an eligibility trace, whose rewards reach each neuron by fixed random weights."""

import dataclasses
from collections.abc import Mapping
from typing import ClassVar

import jax
import jax.numpy as jnp

from spaic_jax._numbers import whole
from spaic_jax.plasticity.base import Rule, choice, node, number, positive
from spaic_jax.plasticity.bp_rstdp import fed_back
from spaic_jax.plasticity.memory import Memory, Trace, Traced
from spaic_jax.plasticity.pathway import Batch, Meeting


@dataclasses.dataclass(frozen=True, kw_only=True)
class BackpropRSTDPET(Rule):
    """`BackpropRSTDP` of an eligibility trace, in which only postsynaptic spikes are counted.

    $$ \\Delta W_{ij} = \\eta \\, (R \\, r)_i \\, z_{ij} - h \\, y_i (y_i - 0.2) \\, s_j, \\qquad
       z_{ij} \\leftarrow e^{-dt / \\tau_{et}} z_{ij} + A_+ \\, s_i x_j $$

    with averages x and y, `tau dx/dt = -x + s`, that count the spikes of this step. R, `[neurons, n]`, is the identity where the
    reward has a number for each neuron, else N(0, 1) within +-10. Each sample has its own reward and eligibility,
    `[B, *weights]`. SPAIC's source cannot be built, and its name there leads to `bp_rstdp`, so it has no `compat`.

    Args:
        lr: learning rate.
        homeostatic_rate: h (SPAIC's `hs_r`).
        tau_pre, tau_post: time constants of the averages, ms.
        tau_et: time constant of the eligibility, ms.
        a_plus: what a postsynaptic spike adds to the eligibility.
        reward, seed, batch: as of `BackpropRSTDP`.

    Raises:
        ValueError: as `BackpropRSTDP`.

    Source: SPAIC, the class `Backprop_RSTDPET`; R as in Lillicrap et al., Nature Communications 7 (2016).

    >>> BackpropRSTDPET().tau_et
    5.0
    """

    any_reward: ClassVar = True
    lr: float = positive(0.1)
    homeostatic_rate: float = number(0.01, least=0)
    tau_pre: float = positive(4.0)
    tau_post: float = positive(10.0)
    tau_et: float = positive(5.0)
    a_plus: float = number(1.0)
    reward: str | None = node("reward")
    seed: int = 0
    batch: Batch = choice("mean", "sum", "weighted")

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "seed", whole(self.seed, "BackpropRSTDPET: seed", least=0))

    def memories(self, dt: float) -> Mapping[str, Trace | Memory]:
        return {
            "x": Trace("pre", self.tau_pre, "average"),
            "y": Trace("post", self.tau_post, "average"),
            "eligibility": Memory("synapse"),
        }

    def change(self, at: Meeting, *, x: Traced, y: Traced, eligibility: jax.Array, reward: jax.Array) -> Mapping[str, jax.Array]:
        eligibility = jnp.exp(-at.dt / self.tau_et) * eligibility + self.a_plus * at.each(at.post, x.now)
        gain = fed_back(reward, at.post, 1.0, self.seed)
        rewarded = self.lr * at.together(at.gated(gain, eligibility))
        return {
            "weight": rewarded - self.homeostatic_rate * at.outer(y.now * (y.now - 0.2), at.pre), "eligibility": eligibility
        }
