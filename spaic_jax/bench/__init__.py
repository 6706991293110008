"""Standard workloads and neuron models and their times, beside what the bare arithmetic takes."""

from spaic_jax.bench.models import MODELS, measure_model
from spaic_jax.bench.timing import measure
from spaic_jax.bench.workload import WORKLOADS, Workload

__all__ = ["MODELS", "WORKLOADS", "Workload", "measure", "measure_model"]
