"""Pictures of trainings and runs, drawn on axes of matplotlib (`pip install "spaic_jax[plot]"`).

Every function takes `ax`, where to draw, and returns where it drew: one axes, or where a picture has several panels (`raster`,
`traces`, `learning_curve`, `firing`, `benchmark`) a tuple of axes, one a panel. Without `ax` it makes a figure of pyplot that
fits what it shows: a notebook shows it below its cell, `plt.show()` in a window, and `plt.savefig("name.png")` saves it.
`activity` returns an animation instead.

Example:
    Two pictures in one figure:

    >>> from matplotlib.figure import Figure
    >>> import numpy as np
    >>> figure = Figure(layout="constrained")
    >>> left, right = figure.subplots(1, 2)
    >>> raster({"layer": np.eye(3)}, dt=1.0, ax=left)[0] is left
    True
    >>> weights(np.eye(3), ax=right) is right
    True
"""

from spaic_jax.plot.activity import activity
from spaic_jax.plot.benchmark import benchmark
from spaic_jax.plot.confusion import confusion_matrix
from spaic_jax.plot.dependence import dependence
from spaic_jax.plot.firing import firing
from spaic_jax.plot.graph import network_graph
from spaic_jax.plot.history import learning_curve
from spaic_jax.plot.phase_plane import phase_plane
from spaic_jax.plot.rates import rates
from spaic_jax.plot.receptive_fields import receptive_fields
from spaic_jax.plot.regression import regression
from spaic_jax.plot.spikes import raster
from spaic_jax.plot.traces import traces
from spaic_jax.plot.weights import weights

__all__ = [
    "activity", "benchmark", "confusion_matrix", "dependence", "firing", "learning_curve", "network_graph", "phase_plane", "raster", "rates",
    "receptive_fields", "regression", "traces", "weights",
]
