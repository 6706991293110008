"""The names of the surrogates, and how a name becomes one."""

from __future__ import annotations

from typing import Any

from spaic_jax._tables import resolve
from spaic_jax.surrogate.atan import AtanGrad
from spaic_jax.surrogate.base import Surrogate
from spaic_jax.surrogate.eventprop import EventProp
from spaic_jax.surrogate.fast_sigmoid import FastSigmoidGrad
from spaic_jax.surrogate.gate import GateGrad
from spaic_jax.surrogate.qgate import QGateGrad
from spaic_jax.surrogate.rectangle import RectangleGrad
from spaic_jax.surrogate.relu import ReLUGrad
from spaic_jax.surrogate.sigmoid import SigmoidGrad
from spaic_jax.surrogate.stbp import STBP
from spaic_jax.surrogate.stca import STCA
from spaic_jax.surrogate.straight_through import StraightThroughEstimator
from spaic_jax.surrogate.superspike import SuperSpike
from spaic_jax.surrogate.triangle import TriangleGrad

__all__ = ["SURROGATES", "resolve_surrogate"]

SURROGATES: dict[str, type[Surrogate]] = {
    # SPAIC's names, in lower case.
    "stca": STCA,
    "stbp": STBP,
    "sigmoidgrad": SigmoidGrad,
    "atangrad": AtanGrad,
    "rectanglegrad": RectangleGrad,
    "gategrad": GateGrad,
    "qgategrad": QGateGrad,
    "relugrad": ReLUGrad,
    "straight_through_estimator": StraightThroughEstimator,
    "sbp": AtanGrad,
    "surrogatebp": AtanGrad,
    # Names of others.
    "superspike": SuperSpike,
    "fastsigmoidgrad": FastSigmoidGrad,
    "trianglegrad": TriangleGrad,
    "eventprop": EventProp,
    # Shorter ones.
    "sigmoid": SigmoidGrad,
    "atan": AtanGrad,
    "rectangle": RectangleGrad,
    "gate": GateGrad,
    "qgate": QGateGrad,
    "relu": ReLUGrad,
    "straight_through": StraightThroughEstimator,
    "fast_sigmoid": FastSigmoidGrad,
    "triangle": TriangleGrad,
}


def resolve_surrogate(surrogate: str | Surrogate, **settings: Any) -> Surrogate:
    """The surrogate of a name and its settings, or the surrogate itself.

    Raises:
        ValueError: unknown name or setting, with the nearest right one.

    >>> resolve_surrogate("STCA", alpha=1.0)
    STCA(alpha=1.0, compat=False)
    >>> resolve_surrogate(AtanGrad())
    AtanGrad(alpha=2.0)
    """
    return resolve("surrogate", SURROGATES, Surrogate, surrogate, settings)
