"""Coding methods of decoders, one a file, and the table of their names."""

from typing import Any

from spaic_jax._tables import resolve
from spaic_jax.coding.decoders.base import Decoding
from spaic_jax.coding.decoders.final_step_voltage import FinalStepVoltage
from spaic_jax.coding.decoders.spike_counts import SpikeCounts
from spaic_jax.coding.decoders.spike_rate import SpikeRate

DECODERS: dict[str, type[Decoding]] = {
    "final_step_voltage": FinalStepVoltage,
    "spike_counts": SpikeCounts,
    "spike_rate": SpikeRate,
}


def resolve_decoder(coding_method: str | Decoding, **settings: Any) -> Decoding:
    """The decoding of a name and its settings, or the decoding itself."""
    return resolve("decoder", DECODERS, Decoding, coding_method, settings)


__all__ = ["DECODERS", "Decoding", "FinalStepVoltage", "SpikeCounts", "SpikeRate", "resolve_decoder"]
