"""Running a program: pure functions of its variables."""

from spaic_jax.run.build import build
from spaic_jax.run.cost import Cost, Spent
from spaic_jax.run.gradients import probe_gradients
from spaic_jax.run.heap import keep_heap
from spaic_jax.run.memory import Memory
from spaic_jax.run.result import Health, Result
from spaic_jax.run.simulator import Simulator
from spaic_jax.run.sweep import sweep
from spaic_jax.run.variables import Variables

__all__ = ["Cost", "Health", "Memory", "Result", "Simulator", "Spent", "Variables", "build", "keep_heap", "probe_gradients", "sweep"]
