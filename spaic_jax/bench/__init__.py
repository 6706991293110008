"""Standard workloads, neuron models, closed loops, learning rules and networks of brain simulation, and their times."""

from spaic_jax.bench.brain import BRAIN, BrainNetwork, measure_brain
from spaic_jax.bench.closed_loop import measure_closed_loop
from spaic_jax.bench.models import MODELS, measure_model
from spaic_jax.bench.plastic import measure_plastic
from spaic_jax.bench.timing import measure
from spaic_jax.bench.workload import WORKLOADS, Workload

__all__ = [
    "BRAIN", "MODELS", "WORKLOADS", "BrainNetwork", "Workload", "measure", "measure_brain", "measure_closed_loop", "measure_model",
    "measure_plastic",
]
