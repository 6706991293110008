"""How much neurons do the same at the same time."""

import numpy as np
from numpy.typing import ArrayLike

from spaic_jax.analysis.bins import counts_by_neuron
from spaic_jax.analysis.spikes import Spikes


def synchrony(potentials: ArrayLike) -> float:
    """Golomb's chi: the standard deviation over time of the mean over neurons, relative to that of a neuron.

    `chi^2 = var_t(mean_i x_i) / mean_i var_t(x_i)`: 1 when all neurons do the same, about `1 / sqrt(N)` when each does
    what it likes.

    Args:
        potentials: `[T, N]`, such as one sample of the membrane potentials that a `StateMonitor` keeps.

    Returns:
        chi; NaN when nothing changes.

    Raises:
        ValueError: an array of other axes, or one that is empty.
        TypeError: spikes.

    Source: Golomb and Rinzel (1994).

    Example:
        >>> wave = np.sin(np.arange(100.0))
        >>> round(synchrony(np.stack([wave, wave], axis=1)), 6), round(synchrony(np.stack([wave, -wave], axis=1)), 6)
        (1.0, 0.0)
    """
    if isinstance(potentials, Spikes):
        raise TypeError("synchrony takes potentials [T, N], not spikes: for those there is count_synchrony.")
    x = np.asarray(potentials, float)
    if x.ndim != 2 or not x.size:
        raise ValueError(f"synchrony: an array of shape {x.shape} came, but needs [T, N]: one sample, without the batch axis.")
    return _chi(float(x.mean(1).var()), float(x.var(0).mean()))


def count_synchrony(spikes: Spikes, bin: float) -> float:
    """Golomb's chi of the counts of spikes in bins: see `synchrony`.

    Args:
        spikes: the recording.
        bin: ms; what is left after the last whole bin is left out.

    Returns:
        chi; NaN when no count changes, such as without spikes.

    Raises:
        ValueError: a bin that is not positive or longer than the recording.

    Source: Golomb and Rinzel (1994).

    Example:
        >>> count_synchrony(Spikes([1.0, 1.0, 3.0, 3.0], [0, 1, 0, 1], num=2, start=0.0, stop=6.0), bin=1.0)
        1.0
    """
    neurons, place, counts, bins = counts_by_neuron(spikes, bin, "count_synchrony: bin")
    together = np.bincount(place, counts, bins) / spikes.num
    average, square = (np.bincount(neurons, counts**power, spikes.num) / bins for power in (1, 2))
    return _chi(float(together.var()), float((square - average**2).mean()))


def _chi(together: float, alone: float) -> float:
    return float(np.sqrt(together / alone)) if alone > 0 else float("nan")
