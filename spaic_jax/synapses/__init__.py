"""From presynaptic spikes to postsynaptic currents: link types, synapse types and delays, one concept a file."""

from spaic_jax.synapses.base import sharing
from spaic_jax.synapses.chain import Chain, resolve_chain
from spaic_jax.synapses.delays import (
    DELAYS,
    Delays,
    FixedDelay,
    GaussianDelay,
    LinearDelay,
    NeuronDelay,
    RotationDelay,
    SynapticDelay,
)
from spaic_jax.synapses.links import (
    LINKS,
    Attention,
    Connectivity,
    ContinuousLocal,
    Conv,
    ConvTranspose,
    Direct,
    DistanceDependent,
    Electrical,
    FixedIndegree,
    FixedOutdegree,
    FixedTotal,
    Full,
    Link,
    MassToSpike,
    OneToOne,
    Pool,
    Random,
    Sparse,
    SpikeToMass,
    Weighted,
    resolve_link,
)
from spaic_jax.synapses.parts import (
    NMDA,
    SYNAPSES,
    Alpha,
    AvgPool,
    BatchNorm2d,
    Dropout,
    FirstOrder,
    Flatten,
    Homeostasis,
    MaxPool,
    MixOrder,
    SecondOrder,
    SumPool,
    Synapse,
    TsodyksMarkram,
    Upsample,
)
from spaic_jax.synapses.storage import STORAGES, Dense, Masked, Pairs, Storage

__all__ = [
    "DELAYS", "LINKS", "NMDA", "STORAGES", "SYNAPSES", "Alpha", "Attention", "AvgPool", "BatchNorm2d", "Chain", "Connectivity",
    "ContinuousLocal", "Conv", "ConvTranspose", "Delays", "Dense", "Direct", "DistanceDependent", "Dropout", "Electrical", "FirstOrder",
    "FixedDelay", "FixedIndegree", "FixedOutdegree", "FixedTotal", "Flatten", "Full", "GaussianDelay", "Homeostasis", "LinearDelay", "Link", "MassToSpike", "Masked", "MaxPool",
    "MixOrder", "NeuronDelay", "OneToOne", "Pairs", "Pool", "Random", "RotationDelay", "SecondOrder", "Sparse", "SpikeToMass", "Storage",
    "SumPool", "Synapse", "SynapticDelay", "TsodyksMarkram", "Upsample", "Weighted", "resolve_chain", "resolve_link", "sharing",
]
