"""Declaring a network: frozen descriptions that refer to each other."""

from spaic_jax.network import edit
from spaic_jax.network.assembly import Assembly
from spaic_jax.network.connection import Connection
from spaic_jax.network.decoder import Decoder
from spaic_jax.network.dictionary import from_dict, to_dict
from spaic_jax.network.element import Element
from spaic_jax.network.encoder import Encoder
from spaic_jax.network.generator import Generator
from spaic_jax.network.group import NeuronGroup
from spaic_jax.network.module import Module
from spaic_jax.network.monitors import MONITORS, RateMonitor, SpikeMonitor, StateMonitor, WeightMonitor
from spaic_jax.network.network import Network
from spaic_jax.network.policy import (
    POLICIES,
    BothPolicies,
    ConnectPolicy,
    ExcludedTypePolicy,
    IncludedTypePolicy,
    IndexConnectPolicy,
)
from spaic_jax.network.projection import Projection, expand
from spaic_jax.network.source import Source

__all__ = [
    "MONITORS", "POLICIES", "Assembly", "BothPolicies", "ConnectPolicy", "Connection", "Decoder", "Element", "Encoder",
    "ExcludedTypePolicy", "Generator", "IncludedTypePolicy", "IndexConnectPolicy", "Module", "Network", "NeuronGroup",
    "Projection", "RateMonitor", "Source", "SpikeMonitor", "StateMonitor", "WeightMonitor", "edit", "expand", "from_dict",
    "to_dict",
]
