"""Standard workloads, neuron models, closed loops and learning rules and their times, beside what the bare arithmetic takes."""

from spaic_jax.bench.closed_loop import measure_closed_loop
from spaic_jax.bench.models import MODELS, measure_model
from spaic_jax.bench.plastic import measure_plastic
from spaic_jax.bench.timing import measure
from spaic_jax.bench.workload import WORKLOADS, Workload

__all__ = ["MODELS", "WORKLOADS", "Workload", "measure", "measure_closed_loop", "measure_model", "measure_plastic"]
