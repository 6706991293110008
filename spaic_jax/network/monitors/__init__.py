"""Monitors, one a file, and the table of their kinds."""

from spaic_jax.network.monitors.base import Monitor
from spaic_jax.network.monitors.rate import RateMonitor
from spaic_jax.network.monitors.spikes import SpikeMonitor
from spaic_jax.network.monitors.state import StateMonitor
from spaic_jax.network.monitors.weight import WeightMonitor

MONITORS: dict[str, type[Monitor]] = {
    "rate": RateMonitor, "spikes": SpikeMonitor, "state": StateMonitor, "weight": WeightMonitor,
}

__all__ = ["MONITORS", "Monitor", "RateMonitor", "SpikeMonitor", "StateMonitor", "WeightMonitor"]
