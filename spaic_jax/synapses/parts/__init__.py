"""What a connection does before and after its link (SPAIC's synapse types), one concept a file, and the table of names."""

from spaic_jax.synapses.parts.alpha import Alpha
from spaic_jax.synapses.parts.base import Dynamics, Synapse
from spaic_jax.synapses.parts.batchnorm import BatchNorm2d
from spaic_jax.synapses.parts.dropout import Dropout
from spaic_jax.synapses.parts.first_order import FirstOrder
from spaic_jax.synapses.parts.flatten import Flatten
from spaic_jax.synapses.parts.homeostasis import Homeostasis
from spaic_jax.synapses.parts.mix_order import MixOrder
from spaic_jax.synapses.parts.nmda import NMDA
from spaic_jax.synapses.parts.pooling import AvgPool, MaxPool, SumPool
from spaic_jax.synapses.parts.second_order import SecondOrder
from spaic_jax.synapses.parts.tsodyks_markram import TsodyksMarkram
from spaic_jax.synapses.parts.upsample import Upsample

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
    "sumpool": SumPool,
    "tsodyks_markram": TsodyksMarkram,
    "upsample": Upsample,
}

__all__ = [
    "NMDA", "SYNAPSES", "Alpha", "AvgPool", "BatchNorm2d", "Dropout", "Dynamics", "FirstOrder", "Flatten", "Homeostasis", "MaxPool",
    "MixOrder", "SecondOrder", "SumPool", "Synapse", "TsodyksMarkram", "Upsample",
]
