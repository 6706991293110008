"""How a program is run: which rows together, over how many steps at once."""

from spaic_jax.plan.reference import ReferencePlan
from spaic_jax.plan.remat import Auto, Chunk
from spaic_jax.plan.tiled import TiledPlan

__all__ = ["Auto", "Chunk", "ReferencePlan", "TiledPlan"]
