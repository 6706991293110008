"""From data to spikes (encoders) and from spikes to decisions (decoders); sources of their own (generators)."""

from spaic_jax.coding.decoders import DECODERS
from spaic_jax.coding.encoders import ENCODERS, pack_spike_times
from spaic_jax.coding.generators import GENERATORS

__all__ = ["DECODERS", "ENCODERS", "GENERATORS", "pack_spike_times"]
