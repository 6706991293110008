"""Pair-based spike-timing-dependent plasticity."""

import dataclasses
from collections.abc import Mapping
from typing import get_args

import jax

from spaic_jax.plasticity.base import Rule, choice, number, positive
from spaic_jax.plasticity.events import event_driven
from spaic_jax.plasticity.memory import Pairs, Trace, Traced
from spaic_jax.plasticity.pathway import Meeting


@dataclasses.dataclass(frozen=True, kw_only=True)
class STDP(Rule):
    """A presynaptic spike before a postsynaptic one strengthens a synapse, after it weakens it.

    $$ \\Delta W_{ij} = A_+ \\, s_i x_j - A_- \\, y_i s_j, \\qquad
       \\tau_+ \\dot x_j = -x_j + s_j, \\quad \\tau_- \\dot y_i = -y_i + s_i $$

    so that a pair of spikes at `t_post - t_pre = D` changes the weight by `A_+ exp(-D / tau_plus)` for `D >= 0`, and by
    `-A_- exp(D / tau_minus)` for `D < 0`; spikes of the same step strengthen. The rule is additive: the change does not
    depend on the weight, which `w_min` and `w_max` of the connection bound.

    As spikes of the same step strengthen, potentiation has the larger part of the window the longer a step is: where the two
    nearly balance, as the defaults do, `dt` must be far below the time constants, such as 0.1 ms.

    Args:
        a_plus, a_minus: change of the weight by a pair without delay.
        tau_plus, tau_minus: time constants of the window, ms.
        pairs: `"all"` pairs of spikes, or only the `"nearest"` ones.
        batch: as of `Rule`.

    Raises:
        ValueError: a time constant or amplitude that is not positive (an amplitude may be 0).

    Source: Song, Miller and Abbott, Nature Neuroscience 3 (2000).

    >>> STDP(tau_plus=10.0).tau_minus
    20.0
    """

    a_plus: float = number(0.01, least=0)
    a_minus: float = number(0.0105, least=0)
    tau_plus: float = positive(20.0)
    tau_minus: float = positive(20.0)
    pairs: Pairs = choice(*get_args(Pairs))

    def memories(self, dt: float) -> Mapping[str, Trace]:
        return {"x": Trace("pre", self.tau_plus, self.pairs), "y": Trace("post", self.tau_minus, self.pairs)}

    @event_driven
    def change(self, at: Meeting, *, x: Traced, y: Traced) -> Mapping[str, jax.Array]:
        return {"weight": self.a_plus * at.outer(at.post, x.now) - self.a_minus * at.outer(y.before, at.pre)}
