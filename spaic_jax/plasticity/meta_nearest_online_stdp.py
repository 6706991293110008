"""SPAIC's STDP of nearest spikes with soft bounds, in which activity moves the mean weight."""

import dataclasses
from collections.abc import Mapping

import jax
import jax.numpy as jnp

from spaic_jax.plasticity.base import Rule, number, positive
from spaic_jax.plasticity.memory import Memory, Trace, Traced
from spaic_jax.plasticity.pathway import Meeting

#: How strongly a mean weight follows the activity of its neuron, and how far a soft bound reaches.
_FOLLOW, _REACH = 0.1, 0.2


@dataclasses.dataclass(frozen=True, kw_only=True)
class MetaNearestOnlineSTDP(Rule):
    """STDP of nearest spikes with soft bounds; neurons that fire more than others have a smaller mean weight.

    $$ d_{ij} = A_{post} \\, s_i x_j - A_{pre} \\, y_i s_j, \\qquad
       W_{ij} \\leftarrow W_{ij} \\, m_i / \\bar W_i + d_{ij} \\, g(d_{ij}) $$

    with `g = exp(-0.2 / (W - w_min))` of a change that weakens, `exp(-0.2 / (w_max - W))` of one that strengthens, and the
    mean weight of each neuron

    $$ m_i \\leftarrow m_i - 0.1 A_{pre} (y_i - \\bar y), \\qquad m \\leftarrow m \\, \\bar m_0 / \\bar m $$

    where y is the mean over the batch, the mean of all m keeps its first value, and each m begins as the mean of the first
    weights. Both m and y last over presentations. Spikes of the same step strengthen only.

    `compat=True` is SPAIC step by step: it sees the spikes of the step before, spikes of the same step also weaken, and time
    constants are in steps (SPAIC's `pre_decay` is `exp(-1 / tau_pre)`), as is the rate at which m moves.

    Args:
        a_post: change at a postsynaptic spike right after a presynaptic one (SPAIC's `Apost`).
        a_pre: change at a presynaptic spike right after a postsynaptic one (`Apre`).
        tau_pre, tau_post: time constants of the traces, ms.
        w_min, w_max: where changes come to rest. Beside them hold the bounds of the connection.
        compat: SPAIC's order and units.
        batch: as of `Rule`; SPAIC's is the sum.

    Raises:
        ValueError: a time constant that is not positive, a negative amplitude, a `w_min` that is not below `w_max`.

    Source: SPAIC, `meta_nearest_online_stdp`.

    >>> MetaNearestOnlineSTDP().tau_post
    200.0
    """

    a_post: float = number(1e-2, least=0)
    a_pre: float = number(1e-4, least=0)
    tau_pre: float = positive(30.0)
    tau_post: float = positive(200.0)
    w_min: float = number(0.0)
    w_max: float = number(1.0)
    compat: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.w_min < self.w_max:
            raise ValueError(f"MetaNearestOnlineSTDP: w_min must lie below w_max {self.w_max:g}, not be {self.w_min:g}.")

    @property
    def late(self) -> int | None:
        return 1 if self.compat else None

    def memories(self, dt: float) -> Mapping[str, Trace | Memory]:
        unit = dt if self.compat else 1.0
        return {
            "x": Trace("pre", self.tau_pre * unit, "nearest"),
            "y": Trace("post", self.tau_post * unit, "nearest", stay=True),
            "mean": Memory("post", batched=False, stay=True),
            "level": Memory("one", batched=False, stay=True),
            "begun": Memory("one", batched=False, stay=True),
        }

    def change(
        self, at: Meeting, *, x: Traced, y: Traced, mean: jax.Array, level: jax.Array, begun: jax.Array
    ) -> Mapping[str, jax.Array]:
        means = at.incoming(at.weight) / jnp.maximum(at.incoming(jnp.ones_like(at.weight)), 1)
        mean, level = jnp.where(begun > 0, mean, means), jnp.where(begun > 0, level, means.mean())
        weakens = y.now if self.compat else y.before
        d = self.a_post * at.outer(at.post, x.now) - self.a_pre * at.outer(weakens, at.pre)
        active = y.now.mean(0)
        mean = mean - _FOLLOW * self.a_pre * (1.0 if self.compat else at.dt) * (active - active.mean())
        mean = mean * _ratio(level, mean.mean())
        room = jnp.where(d < 0, at.weight - self.w_min, self.w_max - at.weight)
        # SPAIC's limits: they keep the bounds from being a division by zero.
        change = d * jnp.exp(-_REACH / jnp.maximum(room, 1e-4))
        scaled = at.weight * at.spread(mean / jnp.maximum(means, 1e-6))
        new = {"mean": mean, "level": level, "begun": jnp.ones_like(begun)}
        return {"weight": scaled - at.weight + change, **new}


def _ratio(one: jax.Array, other: jax.Array) -> jax.Array:
    """`one / other`, and 1 of zeros."""
    return jnp.where(other == 0, 1, one / jnp.where(other == 0, 1, other))
