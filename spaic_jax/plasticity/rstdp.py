"""Reward-modulated STDP."""

import dataclasses
from collections.abc import Mapping

import jax

from spaic_jax.plasticity.base import Rule, node, number, positive
from spaic_jax.plasticity.events import event_driven
from spaic_jax.plasticity.memory import Trace, Traced
from spaic_jax.plasticity.pathway import Meeting


@dataclasses.dataclass(frozen=True, kw_only=True)
class RSTDP(Rule):
    """STDP whose changes are multiplied by a reward.

    $$ \\Delta W_{ij} = \\eta \\, r \\, (A_+ \\, s_i x_j + A_- \\, y_i s_j), \\qquad
       \\tau_+ \\dot x_j = -x_j + s_j, \\quad \\tau_- \\dot y_i = -y_i + s_i $$

    with traces that count the spikes of this step, so that spikes of the same step change the weight by both. The reward of a
    step is that of its spikes, one number for each sample or one for each postsynaptic neuron; samples of a batch have
    their own.

    `compat=True` is SPAIC step by step: the reward of a step multiplies the pairs of spikes of two steps before.

    Args:
        lr: learning rate.
        tau_plus, tau_minus: time constants of the traces, ms; in SPAIC too.
        a_plus: change at a postsynaptic spike right after a presynaptic one.
        a_minus: change at a presynaptic spike right after a postsynaptic one; negative to weaken.
        reward: name of the `Reward` that it learns by; the only one by default.
        compat: SPAIC's order.
        batch: as of `Rule`; SPAIC's is the sum.

    Raises:
        ValueError: a learning rate or time constant that is not positive; at build, naming the connection, no reward or
            several without a name, or one that gives neither one number nor one for each postsynaptic neuron.

    Source: Florian, Neural Computation 19 (2007), MSTDP; SPAIC, `rstdp` and, on a convolution, `conv2d_rstdp`.

    >>> RSTDP(reward="dopamine").a_minus
    -1.0
    """

    lr: float = positive(0.1)
    tau_plus: float = positive(20.0)
    tau_minus: float = positive(20.0)
    a_plus: float = number(1.0)
    a_minus: float = number(-1.0)
    reward: str | None = node("reward")
    compat: bool = False

    @property
    def late(self) -> int | None:
        return 2 if self.compat else None

    def memories(self, dt: float) -> Mapping[str, Trace]:
        return {"x": Trace("pre", self.tau_plus), "y": Trace("post", self.tau_minus)}

    @event_driven
    def change(self, at: Meeting, *, x: Traced, y: Traced, reward: jax.Array) -> Mapping[str, jax.Array]:
        gain = self.lr * reward
        return {"weight": at.outer(self.a_plus * gain * at.post, x.now) + at.outer(self.a_minus * gain * y.now, at.pre)}
