"""STDP whose sign a reward switches."""

import dataclasses
from collections.abc import Mapping

import jax
import jax.numpy as jnp

from spaic_jax.plasticity.base import Rule, choice, node, number, positive
from spaic_jax.plasticity.events import event_driven
from spaic_jax.plasticity.memory import Trace, Traced
from spaic_jax.plasticity.pathway import Batch, Meeting, Synapses
from spaic_jax.program import Context, Fragment, Site


@dataclasses.dataclass(frozen=True, kw_only=True)
class SwitchRSTDP(Rule):
    """STDP of nearest spikes, with one pair of amplitudes for a reward and another for a punishment.

    $$ \\Delta W_{ij} = A_{post}(r) \\, s_i x_j + A_{pre}(r) \\, y_i s_j $$

    where the amplitudes are `a_post_pos`, `a_pre_pos` for `r > 0` and `a_post_neg`, `a_pre_neg` for `r < 0`; a reward of 0, that
    of a step without one, changes nothing. The traces x and y are 1 at a spike and decay with `tau_pre` and `tau_post`. Spikes
    of the same step count as a presynaptic one before a postsynaptic one. The weights keep to the connection's bounds.

    `compat=True` is SPAIC step by step: it sees the spikes of the step before, spikes of the same step count both ways, a
    reward of 0 is a punishment, time constants are in steps (SPAIC's `pre_decay` is `exp(-1 / tau_pre)`), y lasts over
    presentations, and weights are clipped to [0, 0.1].

    Args:
        a_post_pos, a_pre_pos: amplitudes under a reward (SPAIC's `Apost_pos`, `Apre_pos`).
        a_post_neg, a_pre_neg: amplitudes under a punishment (`Apost_neg`, `Apre_neg`).
        tau_pre, tau_post: time constants of the traces, ms.
        reward: name of the `Reward` that it learns by; the only one by default.
        compat: SPAIC's order, units and bounds.
        batch: as of `Rule`; the mean by default, as in SPAIC.

    Raises:
        ValueError: a time constant that is not positive; at build, naming the connection, no reward or several without a name,
            or one that gives neither one number nor one for each postsynaptic neuron.

    Source: SPAIC, `switch_rstdp`.

    >>> SwitchRSTDP().batch
    'mean'
    """

    a_post_pos: float = number(5e-3)
    a_pre_pos: float = number(-4e-3)
    a_post_neg: float = number(-5e-3)
    a_pre_neg: float = number(4e-3)
    tau_pre: float = positive(20.0)
    tau_post: float = positive(20.0)
    reward: str | None = node("reward")
    compat: bool = False
    batch: Batch = choice("mean", "sum", "weighted")

    @property
    def late(self) -> int | None:
        return 1 if self.compat else None

    def memories(self, dt: float) -> Mapping[str, Trace]:
        unit = dt if self.compat else 1.0
        return {
            "x": Trace("pre", self.tau_pre * unit, "nearest"),
            "y": Trace("post", self.tau_post * unit, "nearest", stay=self.compat),
        }

    @event_driven
    def change(self, at: Meeting, *, x: Traced, y: Traced, reward: jax.Array) -> Mapping[str, jax.Array]:
        judged = 1.0 if self.compat else jnp.abs(jnp.sign(reward))
        a_post = judged * jnp.where(reward > 0, self.a_post_pos, self.a_post_neg)
        a_pre = judged * jnp.where(reward > 0, self.a_pre_pos, self.a_pre_neg)
        followed = y.now if self.compat else y.before
        return {"weight": at.outer(a_post * at.post, x.now) + at.outer(a_pre * followed, at.pre)}

    def bound(self, weight: jax.Array, at: Synapses) -> jax.Array:
        return jnp.clip(weight, 0, 0.1) if self.compat else weight

    def bounding(self, site: Site, context: Context, weights: str) -> Fragment:
        bare = type(self).bound is SwitchRSTDP.bound and not self.compat
        return Fragment() if bare else super().bounding(site, context, weights)
