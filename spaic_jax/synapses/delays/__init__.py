"""Delays, one kind a file, and the table of those of each synapse."""

from spaic_jax.synapses.delays.axonal import delayed
from spaic_jax.synapses.delays.base import SynapticDelay
from spaic_jax.synapses.delays.gaussian import GaussianDelay
from spaic_jax.synapses.delays.linear import LinearDelay
from spaic_jax.synapses.delays.rotation import RotationDelay

DELAYS: dict[str, type[SynapticDelay]] = {
    "fixed": SynapticDelay, "gaussian": GaussianDelay, "linear": LinearDelay, "rotation": RotationDelay,
}

__all__ = ["DELAYS", "GaussianDelay", "LinearDelay", "RotationDelay", "SynapticDelay", "delayed"]
