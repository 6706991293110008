"""Pictures of trainings and runs, as figures of matplotlib (`pip install "spaic_jax[cli]"`).

Every function returns a `matplotlib.figure.Figure` that belongs to the caller: no window opens and no global state of
pyplot is touched. Save one with `figure.savefig("name.png")`; a notebook shows one that ends a cell.
"""

from spaic_jax.plot.benchmark import benchmark
from spaic_jax.plot.confusion import confusion_matrix
from spaic_jax.plot.history import learning_curve
from spaic_jax.plot.spikes import raster

__all__ = ["benchmark", "confusion_matrix", "learning_curve", "raster"]
