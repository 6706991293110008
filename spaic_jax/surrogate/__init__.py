"""Surrogate gradients: spike functions with a step forward and a chosen factor backward."""

from spaic_jax.surrogate.atan import AtanGrad
from spaic_jax.surrogate.base import Surrogate
from spaic_jax.surrogate.gate import GateGrad
from spaic_jax.surrogate.qgate import QGateGrad
from spaic_jax.surrogate.rectangle import RectangleGrad
from spaic_jax.surrogate.relu import ReLUGrad
from spaic_jax.surrogate.sigmoid import SigmoidGrad
from spaic_jax.surrogate.smooth import Smooth
from spaic_jax.surrogate.stbp import STBP
from spaic_jax.surrogate.stca import STCA
from spaic_jax.surrogate.straight_through import StraightThroughEstimator
from spaic_jax.surrogate.table import SURROGATES, resolve_surrogate

__all__ = [
    "STBP",
    "STCA",
    "SURROGATES",
    "AtanGrad",
    "GateGrad",
    "QGateGrad",
    "ReLUGrad",
    "RectangleGrad",
    "SigmoidGrad",
    "Smooth",
    "StraightThroughEstimator",
    "Surrogate",
    "resolve_surrogate",
]
