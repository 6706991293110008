"""SPAIC's STDP of all pairs of spikes."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from spaic_jax.plasticity.base import Rule, number, positive
from spaic_jax.plasticity.events import event_driven
from spaic_jax.plasticity.memory import Memory, Trace, Traced
from spaic_jax.plasticity.nearest_online_stdp import SPAIC_NORM
from spaic_jax.plasticity.normalise import SUM, normalised
from spaic_jax.plasticity.pathway import Meeting, Synapses
from spaic_jax.plasticity.rows import bounded_at_once
from spaic_jax.program import Context, Fragment, Site


@dataclasses.dataclass(frozen=True, kw_only=True)
class FullOnlineSTDP(Rule):
    """Pair-based STDP in which all spikes interact; a presentation ends with a fixed sum of the weights onto each neuron.

    $$ \\Delta W_{ij} = A_{post} \\, s_i x_j - A_{pre} \\, y_i s_j, \\qquad
       \\tau \\dot x_j = -x_j + s_j, \\quad \\tau \\dot y_i = -y_i + s_i $$

    and after the last step of a presentation `W_ij = w_norm W_ij / sum_k |W_ik|`. Spikes of the same step strengthen only. The
    weights keep to `w_min` and `w_max` of the connection.

    `compat=True` is SPAIC step by step: a change acts two steps after its spikes, spikes of the same step also weaken, `tau`
    is in steps (SPAIC's `trace_decay` is `exp(-1 / tau)`), weights are clipped to [0, 1], and before that, **in every step
    from the last one of `runtime` on**, brought to a sum of 78.4 (or `w_norm`).

    Args:
        a_post: change at a postsynaptic spike right after a presynaptic one (SPAIC's `Apost`).
        a_pre: change at a presynaptic spike right after a postsynaptic one (`Apre`).
        tau: time constant of both traces, ms.
        w_norm: sum of the absolute weights onto each neuron at the end of a presentation; `None` leaves it free.
        compat: SPAIC's order, units and bounds.
        runtime: with `compat`, the length of a run that SPAIC knows when it builds the network, ms. By default ten steps, which
            is what it takes after an explicit `build()`; else it is the length of the first run.
        batch: as of `Rule`; SPAIC's is the sum.

    Raises:
        ValueError: a time constant, sum or length that is not positive, a negative amplitude, a length without `compat`.

    Source: SPAIC, `full_online_stdp`.

    >>> FullOnlineSTDP(w_norm=78.4).a_post
    0.01
    """

    a_post: float = number(1e-2, least=0)
    a_pre: float = number(1e-4, least=0)
    tau: float = positive(20.0)
    w_norm: float | None = positive(None)
    compat: bool = False
    runtime: float | None = positive(None)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.runtime is not None and not self.compat:
            raise ValueError("FullOnlineSTDP: runtime came without compat=True; a presentation knows its own length.")

    @property
    def fixes(self) -> str | None:
        return SUM if self.compat or self.w_norm is not None else None

    @property
    def late(self) -> int | None:
        return 2 if self.compat else None

    def memories(self, dt: float) -> Mapping[str, Trace | Memory]:
        tau = self.tau * (dt if self.compat else 1.0)
        traces = {"x": Trace("pre", tau), "y": Trace("post", tau)}
        return traces | ({"position": Memory("one", batched=False)} if self.compat else {})

    @event_driven
    def change(self, at: Meeting, *, x: Traced, y: Traced, position: Any = None) -> Mapping[str, jax.Array]:
        weakens = y.now if self.compat else y.before
        change = self.a_post * at.outer(at.post, x.now) - self.a_pre * at.outer(weakens, at.pre)
        if not self.compat:
            return {"weight": change}
        steps = 10 if self.runtime is None else self.runtime / at.dt
        grown = at.weight + change
        scaled = normalised(grown, at, SPAIC_NORM if self.w_norm is None else self.w_norm)
        # Half a step keeps the division from rounding to the next one.
        return {"weight": jnp.where(position > steps - 1.5, scaled, grown) - at.weight, "position": position + 1}

    def bound(self, weight: jax.Array, at: Synapses) -> jax.Array:
        if self.compat:
            return jnp.clip(weight, 0, 1)
        return weight if self.w_norm is None else normalised(weight, at, self.w_norm)

    def lower(self, site: Site, context: Context) -> Fragment:
        made = super().lower(site, context)
        if self.compat or self.w_norm is None:
            return made
        return made + Fragment(end=bounded_at_once(self, site, context))

    def bounding(self, site: Site, context: Context, weights: str) -> Fragment:
        return super().bounding(site, context, weights) if self.compat else Fragment()
