"""Coding methods of encoders, one a file, and the table of their names."""

from typing import Any

from spaic_jax._tables import resolve
from spaic_jax.coding.encoders.base import Coding
from spaic_jax.coding.encoders.constant_current import ConstantCurrent
from spaic_jax.coding.encoders.latency import Latency
from spaic_jax.coding.encoders.poisson import Poisson
from spaic_jax.coding.encoders.spikes import Spikes

ENCODERS: dict[str, type[Coding]] = {
    "constant_current": ConstantCurrent,
    "latency": Latency,
    "null": Spikes,
    "poisson": Poisson,
    "spikes": Spikes,
}


def resolve_encoder(coding_method: str | Coding, **settings: Any) -> Coding:
    """The coding of a name and its settings, or the coding itself."""
    return resolve("encoder", ENCODERS, Coding, coding_method, settings)


__all__ = ["ENCODERS", "Coding", "ConstantCurrent", "Latency", "Poisson", "Spikes", "resolve_encoder"]
