"""Spike-timing-dependent plasticity of triplets of spikes."""

import dataclasses
from collections.abc import Mapping
from typing import Literal, Self, get_args

import jax

from spaic_jax._errors import unknown
from spaic_jax.plasticity.base import Rule, choice, number, positive
from spaic_jax.plasticity.events import event_driven
from spaic_jax.plasticity.memory import Pairs, Trace, Traced
from spaic_jax.plasticity.pathway import Meeting

Experiment = Literal["visual_cortex", "hippocampus"]

#: The minimal models that were fitted to experiments, with all pairs of spikes or the nearest ones: `a2_plus`, `a3_plus`,
#: `a2_minus` and `tau_y`.
FITS: dict[tuple[str, str], tuple[float, float, float, float]] = {
    ("visual_cortex", "all"): (0.0, 6.5e-3, 7.1e-3, 114.0),
    ("visual_cortex", "nearest"): (0.0, 5e-2, 8e-3, 40.0),
    ("hippocampus", "all"): (5.3e-3, 8e-3, 3.5e-3, 40.0),
    ("hippocampus", "nearest"): (4.6e-3, 9.1e-3, 3e-3, 48.0),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class TripletSTDP(Rule):
    """STDP that depends on the rates too: a pair of spikes counts more where one of its ends has just fired before.

    $$ \\Delta W_{ij} = s_i x_j (A_2^+ + A_3^+ y'_i) - s_j y_i (A_2^- + A_3^- x'_j) $$

    The traces x and x' of the presynaptic spikes decay with `tau_plus` and `tau_x`, y and y' of the postsynaptic ones with
    `tau_minus` and `tau_y`. At a spike, x' and y' are what they were just before it; spikes of the same step strengthen.

    Args:
        a2_plus, a2_minus: change of the weight by a pair without delay.
        a3_plus, a3_minus: what a spike of the same end just before adds to it.
        tau_plus, tau_minus: time constants of the window, ms.
        tau_x, tau_y: time constants over which earlier spikes of the same end count, ms.
        pairs: `"all"` spikes add up in the traces, or only the `"nearest"` one counts.
        batch: as of `Rule`.

    Raises:
        ValueError: a time constant that is not positive, a negative amplitude.

    The defaults are those of the minimal model of the visual cortex; `TripletSTDP.fitted` has the others.

    Source: Pfister and Gerstner, Triplets of spikes in a model of spike timing-dependent plasticity, Journal of
    Neuroscience 26 (2006).

    >>> TripletSTDP().a3_plus
    0.0065
    >>> TripletSTDP.fitted("hippocampus", pairs="nearest").tau_y
    48.0
    """

    a2_plus: float = number(0.0, least=0)
    a3_plus: float = number(6.5e-3, least=0)
    a2_minus: float = number(7.1e-3, least=0)
    a3_minus: float = number(0.0, least=0)
    tau_plus: float = positive(16.8)
    tau_minus: float = positive(33.7)
    tau_x: float = positive(101.0)
    tau_y: float = positive(114.0)
    pairs: Pairs = choice(*get_args(Pairs))

    @classmethod
    def fitted(cls, to: Experiment, pairs: Pairs = "all") -> Self:
        """The minimal model that was fitted to an experiment.

        Raises:
            ValueError: an unknown experiment or kind of pairs.
        """
        for what, name, names in (("experiment", to, get_args(Experiment)), ("pairs", pairs, get_args(Pairs))):
            if name not in names:
                raise ValueError(f"{cls.__name__}: {unknown(what, name, names)}")
        a2_plus, a3_plus, a2_minus, tau_y = FITS[to, pairs]
        return cls(a2_plus=a2_plus, a3_plus=a3_plus, a2_minus=a2_minus, tau_y=tau_y, pairs=pairs)

    def memories(self, dt: float) -> Mapping[str, Trace]:
        return {
            "x": Trace("pre", self.tau_plus, self.pairs),
            "x_slow": Trace("pre", self.tau_x, self.pairs),
            "y": Trace("post", self.tau_minus, self.pairs),
            "y_slow": Trace("post", self.tau_y, self.pairs),
        }

    @event_driven
    def change(self, at: Meeting, *, x: Traced, x_slow: Traced, y: Traced, y_slow: Traced) -> Mapping[str, jax.Array]:
        stronger = at.outer(at.post * (self.a2_plus + self.a3_plus * y_slow.before), x.now)
        weaker = at.outer(y.before, at.pre * (self.a2_minus + self.a3_minus * x_slow.before))
        return {"weight": stronger - weaker}
