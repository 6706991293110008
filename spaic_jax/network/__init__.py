"""Declaring a network: frozen descriptions that refer to each other."""

from spaic_jax.network.action import Action
from spaic_jax.network.assembly import Assembly
from spaic_jax.network.connection import Connection
from spaic_jax.network.decoder import Decoder
from spaic_jax.network.element import Element
from spaic_jax.network.encoder import Encoder
from spaic_jax.network.generator import Generator
from spaic_jax.network.group import NeuronGroup
from spaic_jax.network.learner import Learner
from spaic_jax.network.module import Module
from spaic_jax.network.monitors import MONITORS, Monitor, RateMonitor, SpikeMonitor, StateMonitor, WeightMonitor
from spaic_jax.network.network import Network
from spaic_jax.network.policy import (
    POLICIES,
    BothPolicies,
    ConnectPolicy,
    ExcludedTypePolicy,
    IncludedTypePolicy,
    IndexConnectPolicy,
)
from spaic_jax.network.projection import Projection
from spaic_jax.network.reward import Reward
from spaic_jax.network.slice import Slice
from spaic_jax.network.source import Source

#: The elements that a file can hold, by the table that they stand in; those that others refer to come first.
ELEMENTS: dict[str, type[Element]] = {
    "encoders": Encoder,
    "groups": NeuronGroup,
    "generators": Generator,
    "connections": Connection,
    "projections": Projection,
    "decoders": Decoder,
    "rewards": Reward,
    "actions": Action,
    "monitors": Monitor,
    "learners": Learner,
}

__all__ = [
    "ELEMENTS", "MONITORS", "POLICIES", "Action", "Assembly", "BothPolicies", "ConnectPolicy", "Connection", "Decoder", "Element",
    "Encoder", "ExcludedTypePolicy", "Generator", "IncludedTypePolicy", "IndexConnectPolicy", "Learner", "Module", "Monitor",
    "Network", "NeuronGroup", "Projection", "RateMonitor", "Reward", "Slice", "Source", "SpikeMonitor", "StateMonitor", "WeightMonitor",
]
