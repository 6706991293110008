"""Reward-modulated STDP with an eligibility trace."""

import dataclasses
from collections.abc import Mapping

import jax
import jax.numpy as jnp

from spaic_jax.plasticity.base import Rule, node, number, positive
from spaic_jax.plasticity.memory import Memory, Trace, Traced
from spaic_jax.plasticity.pathway import Meeting


@dataclasses.dataclass(frozen=True, kw_only=True)
class RSTDPET(Rule):
    """STDP that is remembered as an eligibility of each synapse, until a reward turns it into a change.

    $$ \\Delta W_{ij} = \\eta \\, dt \\, r \\, z_{ij}, \\qquad
       z_{ij} \\leftarrow e^{-dt / \\tau_{trace}} z_{ij} + \\tfrac{1}{\\tau_e} (A_+ \\, s_i x_j + A_- \\, y_i s_j) $$

    with traces x and y as of `RSTDP`, that count the spikes of this step. Each sample of a batch has an eligibility of its own,
    `[B, *weights]`, and may have a reward of its own: one number, or one for each postsynaptic neuron.

    `compat=True` is SPAIC step by step, which can do batches of 1 only: the reward of a step multiplies the eligibility of the
    step before, which has seen the spikes of the step before that; a pair of spikes counts `dt / tau_e`, so that changes
    depend on the length of a step.

    Args:
        lr: learning rate, 1/ms; it has no default, as in SPAIC.
        tau_plus, tau_minus: time constants of the traces, ms.
        tau_e: time over which pairs of spikes are averaged, ms.
        tau_e_trace: time constant of the eligibility, ms.
        a_plus, a_minus, reward: as of `RSTDP`.
        compat: SPAIC's order.
        batch: as of `Rule`.

    Raises:
        ValueError: as `RSTDP`.

    Source: Florian, Neural Computation 19 (2007), MSTDPET; SPAIC, `rstdpet`.

    >>> RSTDPET(lr=0.1).tau_e
    25.0
    """

    lr: float = positive()
    tau_plus: float = positive(20.0)
    tau_minus: float = positive(20.0)
    tau_e: float = positive(25.0)
    tau_e_trace: float = positive(25.0)
    a_plus: float = number(1.0)
    a_minus: float = number(-1.0)
    reward: str | None = node("reward")
    compat: bool = False

    @property
    def late(self) -> int | None:
        return 2 if self.compat else None

    def memories(self, dt: float) -> Mapping[str, Trace | Memory]:
        return {"x": Trace("pre", self.tau_plus), "y": Trace("post", self.tau_minus), "eligibility": Memory("synapse")}

    def change(self, at: Meeting, *, x: Traced, y: Traced, eligibility: jax.Array, reward: jax.Array) -> Mapping[str, jax.Array]:
        pairs = at.each(self.a_plus * at.post, x.now) + at.each(self.a_minus * y.now, at.pre)
        eligibility = jnp.exp(-at.dt / self.tau_e_trace) * eligibility + (at.dt if self.compat else 1.0) / self.tau_e * pairs
        return {"weight": self.lr * at.dt * at.together(at.gated(reward, eligibility)), "eligibility": eligibility}
