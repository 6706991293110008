"""From data to spikes (encoders) and from spikes to decisions (decoders)."""

from spaic_jax.coding.decoders import DECODERS
from spaic_jax.coding.encoders import ENCODERS

__all__ = ["DECODERS", "ENCODERS"]
