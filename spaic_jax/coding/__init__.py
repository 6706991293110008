"""From data to spikes (encoders), from spikes to decisions (decoders, actions) and rewards; sources of their own (generators)."""

from spaic_jax.coding.decoders import DECODERS
from spaic_jax.coding.encoders import ENCODERS, pack_spike_times
from spaic_jax.coding.generators import GENERATORS
from spaic_jax.coding.rewards import REWARDS

__all__ = ["DECODERS", "ENCODERS", "GENERATORS", "REWARDS", "pack_spike_times"]
