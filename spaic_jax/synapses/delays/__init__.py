"""Delays, one kind a file, and the table of those of each synapse."""

from typing import Any

from spaic_jax._numbers import real
from spaic_jax._tables import resolve
from spaic_jax.program import Initial
from spaic_jax.synapses.delays.axonal import delayed
from spaic_jax.synapses.delays.base import SynapticDelay
from spaic_jax.synapses.delays.fixed import FixedDelay
from spaic_jax.synapses.delays.gaussian import GaussianDelay
from spaic_jax.synapses.delays.linear import LinearDelay
from spaic_jax.synapses.delays.rotation import RotationDelay

DELAYS: dict[str, type[SynapticDelay]] = {
    "fixed": FixedDelay, "gaussian": GaussianDelay, "linear": LinearDelay, "rotation": RotationDelay,
}


__all__ = ["DELAYS", "FixedDelay", "GaussianDelay", "LinearDelay", "RotationDelay", "SynapticDelay", "delayed"]
