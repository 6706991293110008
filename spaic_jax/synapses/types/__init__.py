"""Synapse types, one concept a file, and the table of their names."""

from spaic_jax.synapses.types.alpha import Alpha
from spaic_jax.synapses.types.base import Dynamics, Synapse
from spaic_jax.synapses.types.batchnorm import BatchNorm2d
from spaic_jax.synapses.types.dropout import Dropout
from spaic_jax.synapses.types.first_order import FirstOrder
from spaic_jax.synapses.types.flatten import Flatten
from spaic_jax.synapses.types.homeostasis import Homeostasis
from spaic_jax.synapses.types.mix_order import MixOrder
from spaic_jax.synapses.types.nmda import NMDA
from spaic_jax.synapses.types.pooling import AvgPool, MaxPool, Upsample
from spaic_jax.synapses.types.second_order import SecondOrder
from spaic_jax.synapses.types.short_term_plasticity import TsodyksMarkram

SYNAPSES: dict[str, type[Synapse]] = {
    "1_order_synapse": FirstOrder,
    "2_order_synapse": SecondOrder,
    "alpha": Alpha,
    "avgpool": AvgPool,
    "batchnorm2d": BatchNorm2d,
    "dropout": Dropout,
    "exponential": FirstOrder,
    "flatten": Flatten,
    "isyn_bn": Homeostasis,
    "maxpool": MaxPool,
    "mix_order_synapse": MixOrder,
    "nmda": NMDA,
    "tsodyks_markram": TsodyksMarkram,
    "upsample": Upsample,
}

__all__ = [
    "NMDA", "SYNAPSES", "Alpha", "AvgPool", "BatchNorm2d", "Dropout", "Dynamics", "FirstOrder", "Flatten", "Homeostasis", "MaxPool",
    "MixOrder", "SecondOrder", "Synapse", "TsodyksMarkram", "Upsample",
]
