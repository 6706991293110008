"""Coding methods of encoders, one a file, and the table of their names."""

from typing import Any

from spaic_jax._tables import resolve
from spaic_jax.coding.encoders.base import Coding
from spaic_jax.coding.encoders.bernoulli import Bernoulli
from spaic_jax.coding.encoders.constant_current import ConstantCurrent
from spaic_jax.coding.encoders.floats import Floats
from spaic_jax.coding.encoders.latency import Latency
from spaic_jax.coding.encoders.poisson import Poisson
from spaic_jax.coding.encoders.relative_latency import RelativeLatency
from spaic_jax.coding.encoders.spike_times import MultipleSpikeTimes, SingleSpikeTimes, pack_spike_times
from spaic_jax.coding.encoders.spikes import Spikes
from spaic_jax.coding.encoders.uniform import Uniform

ENCODERS: dict[str, type[Coding]] = {
    "bernoulli": Bernoulli,
    "constant_current": ConstantCurrent,
    "float": Floats,
    "latency": Latency,
    "mstb": MultipleSpikeTimes,
    "null": Spikes,
    "poisson": Poisson,
    "relative_latency": RelativeLatency,
    "spikes": Spikes,
    "sstb": SingleSpikeTimes,
    "uniform": Uniform,
}


def resolve_encoder(coding_method: str | Coding, **settings: Any) -> Coding:
    """The coding of a name and its settings, or the coding itself."""
    return resolve("encoder", ENCODERS, Coding, coding_method, settings)


__all__ = [
    "ENCODERS", "Bernoulli", "Coding", "ConstantCurrent", "Floats", "Latency", "MultipleSpikeTimes", "Poisson",
    "RelativeLatency", "SingleSpikeTimes", "Spikes", "Uniform", "pack_spike_times", "resolve_encoder",
]
