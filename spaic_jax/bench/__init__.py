"""Standard workloads and their times, beside what the matrix products alone take."""

from spaic_jax.bench.timing import measure
from spaic_jax.bench.workload import WORKLOADS, Workload

__all__ = ["WORKLOADS", "Workload", "measure"]
