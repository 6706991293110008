"""How a program is run: which rows together, over how many steps at once."""

from spaic_jax.plan.base import Clock, Kept, Plan
from spaic_jax.plan.reference import Reference
from spaic_jax.plan.remat import Auto, Chunk
from spaic_jax.plan.tiled import Tiled

__all__ = ["Auto", "Chunk", "Clock", "Kept", "Plan", "Reference", "Tiled"]
