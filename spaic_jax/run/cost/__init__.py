"""What a run costs: known before it, and counted in it."""

from spaic_jax.run.cost.after import Spent, Synaptic, spent
from spaic_jax.run.cost.before import Cost, Dense, known_before

__all__ = ["Cost", "Dense", "Spent", "Synaptic", "known_before", "spent"]
