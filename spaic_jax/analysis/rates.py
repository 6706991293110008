"""How often neurons fire."""

import numpy as np

from spaic_jax._numbers import real
from spaic_jax.analysis.bins import bins_of
from spaic_jax.analysis.spikes import Spikes


def rates(spikes: Spikes) -> np.ndarray:
    """The rate of each neuron over the whole recording, Hz, `[num]`: its spikes over the duration.

    A neuron without spikes has the rate zero; `rates(spikes).mean()` is that of the population.

    Example:
        >>> rates(Spikes([10.0, 20.0, 30.0], [0, 0, 1], num=3, start=0.0, stop=100.0)).tolist()
        [20.0, 10.0, 0.0]
    """
    return spikes.counts() / (spikes.duration / 1000)


def population_rate(spikes: Spikes, bin: float, sigma: float | None = None) -> tuple[np.ndarray, np.ndarray]:
    """The mean rate of a neuron over time.

    Args:
        spikes: the recording.
        bin: ms. Each bin has its last moment; what is left after the last whole bin is left out.
        sigma: standard deviation, ms, of a Gaussian that the rate is smoothed with, within four of them. At both ends its
            part within the recording counts, so that a constant rate stays constant. No smoothing when `None`.

    Returns:
        The middle of each bin, ms, and the rate in it, Hz: two arrays `[bins]`.

    Raises:
        ValueError: a bin that is not positive or longer than the recording, a `sigma` that is not positive.

    Example:
        >>> spikes = Spikes([1.0, 2.0, 3.0], [0, 1, 1], num=2, start=0.0, stop=4.0)
        >>> times, rate = population_rate(spikes, bin=2.0)
        >>> times.tolist(), rate.tolist()
        ([1.0, 3.0], [500.0, 250.0])
    """
    place, bins = bins_of(spikes, bin, "population_rate: bin")
    rate = np.bincount(place[place >= 0], minlength=bins) / (spikes.num * bin / 1000)
    if sigma is not None:
        sigma = real(sigma, "population_rate: sigma", above=0) / bin
        reach = min(int(np.ceil(4 * sigma)), bins)
        bell = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
        rate, whole = (np.convolve(x, bell)[reach : reach + bins] for x in (rate, np.ones(bins)))
        rate = rate / whole
    return spikes.start + (np.arange(bins) + 0.5) * bin, rate
