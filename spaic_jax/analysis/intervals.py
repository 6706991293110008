"""The time from one spike of a neuron to its next one."""

import numpy as np

from spaic_jax.analysis.spikes import Spikes


def intervals(spikes: Spikes) -> tuple[np.ndarray, np.ndarray]:
    """The intervals between spikes of all neurons, and whose they are.

    Returns:
        Intervals, ms, and neurons, two arrays of one length: neuron after neuron, and each in order of time. A neuron with
        fewer than two spikes has none.

    Example:
        >>> lengths, neurons = intervals(Spikes([1.0, 2.0, 4.0, 5.0], [1, 0, 1, 1], num=2, start=0.0, stop=6.0))
        >>> lengths.tolist(), neurons.tolist()
        ([3.0, 1.0], [1, 1])
    """
    order = np.argsort(spikes.neurons, kind="stable")
    times, neurons = spikes.times[order], spikes.neurons[order]
    same = neurons[1:] == neurons[:-1]
    return np.diff(times)[same], neurons[1:][same]
