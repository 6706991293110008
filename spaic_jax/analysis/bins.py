"""Stretches of time of one length, and the spikes in each."""

import numpy as np

from spaic_jax._numbers import real
from spaic_jax.analysis.spikes import Spikes, slack


def bins_of(spikes: Spikes, width: float, what: str) -> tuple[np.ndarray, int]:
    """The bin that each spike is in, and how many whole bins there are; spikes after the last of them are in none (-1).

    Args:
        spikes: the recording.
        width: length of a bin, ms.
        what: what the width is, for errors, such as `"spectrum: bin"`.

    Raises:
        ValueError: a width that is not positive, or longer than the recording.

    >>> bins_of(Spikes([0.5, 1.0, 1.5, 2.1], [0, 0, 0, 0], num=1, start=0.0, stop=2.5), 1.0, "bin")[0].tolist()
    [0, 0, 1, -1]
    """
    width = real(width, what, above=0)
    bins = int(np.floor((spikes.duration + slack(spikes.stop)) / width))
    if not bins:
        raise ValueError(f"{what} is {width:g} ms, but the recording only {spikes.duration:g} ms.")
    # A bin has its last moment, as a spike is stamped at the end of its step.
    place = np.ceil((spikes.times - spikes.start - slack(spikes.times)) / width).astype(int) - 1
    return np.where(place < bins, np.maximum(place, 0), -1), bins


def counts_by_neuron(spikes: Spikes, width: float, what: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """The counts that are not zero, of all neurons in all bins: the neuron, the bin and the count; and how many bins."""
    place, bins = bins_of(spikes, width, what)
    inside = place >= 0
    where, counts = np.unique(spikes.neurons[inside] * bins + place[inside], return_counts=True)
    return where // bins, where % bins, counts, bins
