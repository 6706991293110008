"""Coding methods of decoders, one a file, and the table of their names."""

from typing import Any

from spaic_jax._tables import resolve
from spaic_jax.coding.decoders.base import Decoding
from spaic_jax.coding.decoders.complex_conv import ComplexConv
from spaic_jax.coding.decoders.complex_count import ComplexCount
from spaic_jax.coding.decoders.complex_latency import ComplexLatency
from spaic_jax.coding.decoders.complex_phase import ComplexPhase
from spaic_jax.coding.decoders.complex_timing_distance import ComplexTimingDistance
from spaic_jax.coding.decoders.complex_trajectory import ComplexTrajectory
from spaic_jax.coding.decoders.every_step import EveryStep, VoltageEveryStep
from spaic_jax.coding.decoders.final_step_voltage import FinalStepVoltage
from spaic_jax.coding.decoders.first_spike import FirstSpike
from spaic_jax.coding.decoders.first_spike_time import FirstSpikeTime
from spaic_jax.coding.decoders.spike_conv import SpikeConv
from spaic_jax.coding.decoders.spike_counts import SpikeCounts
from spaic_jax.coding.decoders.spike_rate import SpikeRate
from spaic_jax.coding.decoders.time_softmax import TimeSoftmax
from spaic_jax.coding.decoders.time_spike_counts import TimeSpikeCounts
from spaic_jax.coding.decoders.voltage_over_time import MaxVoltage, MeanVoltage, TotalVoltage
from spaic_jax.coding.decoders.voltage_sum import VoltageSum
from spaic_jax.coding.decoders.vote import Vote, vote

DECODERS: dict[str, type[Decoding]] = {
    "complex_conv": ComplexConv,
    "complex_count": ComplexCount,
    "complex_latency": ComplexLatency,
    "complex_phase": ComplexPhase,
    "complex_timing_distance": ComplexTimingDistance,
    "complex_trajectory": ComplexTrajectory,
    "final_step_voltage": FinalStepVoltage,
    "first_spike": FirstSpike,
    "first_spike_time": FirstSpikeTime,
    "max_voltage": MaxVoltage,
    "mean_voltage": MeanVoltage,
    "null": EveryStep,
    "spike_conv": SpikeConv,
    "spike_counts": SpikeCounts,
    "spike_rate": SpikeRate,
    "spike_rates": SpikeRate,
    "time_softmax": TimeSoftmax,
    "time_spike_counts": TimeSpikeCounts,
    "total_voltage": TotalVoltage,
    "v_t": VoltageEveryStep,
    "voltage_sum": VoltageSum,
    "vote": Vote,
}


def resolve_decoder(coding_method: str | Decoding, **settings: Any) -> Decoding:
    """The decoding of a name and its settings, or the decoding itself."""
    return resolve("decoder", DECODERS, Decoding, coding_method, settings)


__all__ = [
    "DECODERS", "ComplexConv", "ComplexCount", "ComplexLatency", "ComplexPhase", "ComplexTimingDistance",
    "ComplexTrajectory", "Decoding", "EveryStep", "FinalStepVoltage", "FirstSpike", "FirstSpikeTime", "MaxVoltage",
    "MeanVoltage", "SpikeConv", "SpikeCounts", "SpikeRate", "TimeSoftmax", "TimeSpikeCounts", "TotalVoltage",
    "VoltageEveryStep", "VoltageSum", "Vote", "resolve_decoder", "vote",
]
