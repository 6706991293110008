"""Surrogate gradients: spike functions with a step forward and a chosen factor backward.

A spike has no derivative; its surrogate stands for one. Backwards through time a neuron multiplies by
``decay + reset * ds/dx`` at every step, and recurrent weights by ``weight * ds/dx``. Where these exceed 1 for long, as in
runs of a thousand steps or neurons with slowly adapting thresholds, gradients grow until they are NaN. Then, in this order:

* take a surrogate of lower peak, or narrower, so that fewer neurons pass it on: ``TriangleGrad(damping=0.3)``,
  ``SuperSpike(alpha=100)``, ``AtanGrad(alpha=1)``. Mind units: widths are those of the potential.
* let no gradient pass the reset: ``NeuronGroup(..., detach_reset=True)``, for the models that have the choice.
* bound what is left: ``optax.chain(optax.clip_by_global_norm(1.0), optax.adam(1e-3))``.
* train on pieces of the run, each begun from the state in which the last one ended.
"""

from spaic_jax.surrogate.atan import AtanGrad
from spaic_jax.surrogate.base import Surrogate
from spaic_jax.surrogate.eventprop import EventProp
from spaic_jax.surrogate.fast_sigmoid import FastSigmoidGrad
from spaic_jax.surrogate.gate import GateGrad
from spaic_jax.surrogate.qgate import QGateGrad
from spaic_jax.surrogate.rectangle import RectangleGrad
from spaic_jax.surrogate.relu import ReLUGrad
from spaic_jax.surrogate.sigmoid import SigmoidGrad
from spaic_jax.surrogate.smooth import Smooth
from spaic_jax.surrogate.stbp import STBP
from spaic_jax.surrogate.stca import STCA
from spaic_jax.surrogate.straight_through import StraightThroughEstimator
from spaic_jax.surrogate.superspike import SuperSpike
from spaic_jax.surrogate.table import SURROGATES, resolve_surrogate
from spaic_jax.surrogate.triangle import TriangleGrad

__all__ = [
    "STBP",
    "STCA",
    "SURROGATES",
    "AtanGrad",
    "EventProp",
    "FastSigmoidGrad",
    "GateGrad",
    "QGateGrad",
    "ReLUGrad",
    "RectangleGrad",
    "SigmoidGrad",
    "Smooth",
    "StraightThroughEstimator",
    "SuperSpike",
    "Surrogate",
    "TriangleGrad",
    "resolve_surrogate",
]
