"""SPAIC's STDP of a convolution."""

import dataclasses
from collections.abc import Mapping

import jax

from spaic_jax.plasticity.base import Rule, number, positive
from spaic_jax.plasticity.events import event_driven
from spaic_jax.plasticity.memory import Trace, Traced
from spaic_jax.plasticity.pathway import Meeting


@dataclasses.dataclass(frozen=True, kw_only=True)
class Conv2dSTDP(Rule):
    """STDP of nearest spikes with a learning rate: on a convolution the changes of all places that share a weight add up.

    $$ \\Delta W_{ij} = \\eta \\, (A_+ \\, s_i x_j + A_- \\, y_i s_j) $$

    The traces x and y are 1 at a spike and decay with `tau_plus` and `tau_minus`. Spikes of the same step strengthen only.
    It is for any link; SPAIC's, for `conv` links, cannot be built there, so it has no `compat`. SPAIC's `conv2d_rstdp` is
    `RSTDP` on a `conv` link.

    Args:
        lr: learning rate.
        tau_plus, tau_minus: time constants of the traces, ms.
        a_plus: change at a postsynaptic spike right after a presynaptic one.
        a_minus: change at a presynaptic spike right after a postsynaptic one; negative to weaken.
        batch: as of `Rule`; SPAIC's is the sum.

    Raises:
        ValueError: a learning rate or time constant that is not positive.

    Source: SPAIC, `conv2d_stdp`.

    >>> Conv2dSTDP().lr
    0.1
    """

    lr: float = positive(0.1)
    tau_plus: float = positive(20.0)
    tau_minus: float = positive(20.0)
    a_plus: float = number(1.0)
    a_minus: float = number(-1.0)

    def memories(self, dt: float) -> Mapping[str, Trace]:
        return {"x": Trace("pre", self.tau_plus, "nearest"), "y": Trace("post", self.tau_minus, "nearest")}

    @event_driven
    def change(self, at: Meeting, *, x: Traced, y: Traced) -> Mapping[str, jax.Array]:
        return {"weight": self.lr * (self.a_plus * at.outer(at.post, x.now) + self.a_minus * at.outer(y.before, at.pre))}
