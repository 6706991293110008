"""From presynaptic spikes to postsynaptic currents: link types, synapse types and delays, one concept a file."""

from spaic_jax.synapses.attention import Attention
from spaic_jax.synapses.base import Ends, Link, Weighted
from spaic_jax.synapses.chain import Chain, resolve_chain
from spaic_jax.synapses.delays import DELAYS, GaussianDelay, LinearDelay, RotationDelay, SynapticDelay
from spaic_jax.synapses.direct import Direct, Pool
from spaic_jax.synapses.distance import DistanceDependent
from spaic_jax.synapses.electrical import Electrical
from spaic_jax.synapses.full import Full
from spaic_jax.synapses.links import LINKS, resolve_link
from spaic_jax.synapses.local import ContinuousLocal
from spaic_jax.synapses.maps import Conv, ConvTranspose
from spaic_jax.synapses.mass import MassToSpike, SpikeToMass
from spaic_jax.synapses.one_to_one import OneToOne
from spaic_jax.synapses.sparse import Random, Sparse
from spaic_jax.synapses.stored import StoredRandom, StoredSparse
from spaic_jax.synapses.types import (
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
    Synapse,
    TsodyksMarkram,
    Upsample,
)

__all__ = [
    "DELAYS", "LINKS", "NMDA", "SYNAPSES", "Alpha", "Attention", "AvgPool", "BatchNorm2d", "Chain", "ContinuousLocal",
    "Conv", "ConvTranspose", "Direct", "DistanceDependent", "Dropout", "Electrical", "Ends", "FirstOrder", "Flatten",
    "Full", "GaussianDelay", "Homeostasis", "LinearDelay", "Link", "MassToSpike", "MaxPool", "MixOrder", "OneToOne",
    "Pool", "Random", "RotationDelay", "SecondOrder", "Sparse", "SpikeToMass", "StoredRandom", "StoredSparse",
    "Synapse", "SynapticDelay", "TsodyksMarkram", "Upsample", "Weighted", "resolve_chain", "resolve_link",
]
