"""Pictures of trainings and runs, as figures of matplotlib (`pip install "spaic_jax[plot]"`).

Every function returns a `matplotlib.figure.Figure` that belongs to the caller: no window opens and no global state of
pyplot is touched. Save one with `figure.savefig("name.png")`; a notebook shows one that ends a cell.
"""

from spaic_jax.plot.benchmark import benchmark
from spaic_jax.plot.confusion import confusion_matrix
from spaic_jax.plot.graph import network_graph
from spaic_jax.plot.history import learning_curve
from spaic_jax.plot.phase_plane import phase_plane
from spaic_jax.plot.rates import rates
from spaic_jax.plot.receptive_fields import receptive_fields
from spaic_jax.plot.spikes import raster
from spaic_jax.plot.traces import traces
from spaic_jax.plot.weights import weights

__all__ = [
    "benchmark", "confusion_matrix", "learning_curve", "network_graph", "phase_plane", "raster", "rates", "receptive_fields", "traces",
    "weights",
]
