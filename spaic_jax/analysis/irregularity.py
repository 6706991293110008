"""How irregularly neurons fire."""

from collections.abc import Callable

import numpy as np

from spaic_jax._errors import unknown
from spaic_jax._numbers import whole
from spaic_jax.analysis.bins import counts_by_neuron
from spaic_jax.analysis.intervals import intervals
from spaic_jax.analysis.spikes import Spikes


def irregularity(spikes: Spikes, measure: str = "cv", least: int = 5) -> np.ndarray:
    """A measure of the intervals between spikes of each neuron, `[num]`.

    Args:
        spikes: the recording.
        measure: `"cv"`, `"cv2"` or `"lv"`: see `cv`, `cv2` and `local_variation`.
        least: fewer intervals than these give NaN.

    Raises:
        ValueError: another measure, or a `least` that is no whole number of at least 2.

    Example:
        >>> spikes = Spikes([1.0, 2.0, 4.0], [1, 1, 1], num=2, start=0.0, stop=5.0)
        >>> irregularity(spikes, "cv", least=2).round(3).tolist()
        [nan, 0.333]
    """
    if measure not in _MEASURES:
        raise ValueError(unknown("measure of irregularity", measure, _MEASURES))
    least = whole(least, "irregularity: least", least=2)
    lengths, neurons = intervals(spikes)
    number = np.bincount(neurons, minlength=spikes.num)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(number >= least, _MEASURES[measure](lengths, neurons, number), np.nan)


def cv(spikes: Spikes, least: int = 5) -> float:
    """The coefficient of variation of intervals, `std(I) / mean(I)`, its mean over neurons with enough of them.

    1 for a Poisson process, 0 for a clock. The standard deviation is that of the intervals there are (`ddof=0`); few
    intervals make it too small, as long ones do not fit into the recording.

    Args:
        spikes: the recording.
        least: neurons with fewer intervals are left out.

    Returns:
        The mean; NaN when no neuron has enough intervals.

    Source: Softky and Koch (1993).

    Example:
        >>> cv(Spikes([1.0, 2.0, 4.0], [0, 0, 0], num=1, start=0.0, stop=5.0), least=2)  # doctest: +ELLIPSIS
        0.333...
        >>> cv(Spikes([1.0], [0], num=1, start=0.0, stop=5.0))
        nan
    """
    return mean(irregularity(spikes, "cv", least))


def cv2(spikes: Spikes, least: int = 5) -> float:
    """The mean of `2 |I' - I| / (I' + I)` over intervals I and the next ones I', its mean over neurons.

    1 for a Poisson process, 0 for a clock; a rate that drifts changes it little. Arguments and NaN as of `cv`.

    Source: Holt, Softky, Koch and Douglas (1996).

    Example:
        >>> cv2(Spikes([1.0, 2.0, 5.0], [0, 0, 0], num=1, start=0.0, stop=5.0), least=2)
        1.0
    """
    return mean(irregularity(spikes, "cv2", least))


def local_variation(spikes: Spikes, least: int = 5) -> float:
    """The mean of `3 (I - I')^2 / (I + I')^2` over intervals I and the next ones I', its mean over neurons.

    1 for a Poisson process, 0 for a clock. Arguments and NaN as of `cv`.

    Source: Shinomoto, Shima and Tanji (2003).

    Example:
        >>> local_variation(Spikes([1.0, 2.0, 5.0], [0, 0, 0], num=1, start=0.0, stop=5.0), least=2)
        0.75
    """
    return mean(irregularity(spikes, "lv", least))


def fano_factors(spikes: Spikes, window: float) -> np.ndarray:
    """The variance of each neuron's count in windows over its mean, `[num]`; NaN for a neuron without spikes in them.

    Arguments as of `fano_factor`.

    Example:
        >>> fano_factors(Spikes([1.0, 2.0, 4.0], [0, 0, 0], num=2, start=0.0, stop=4.0), window=2.0).round(3).tolist()
        [0.167, nan]
    """
    neurons, _, counts, windows = counts_by_neuron(spikes, window, "fano_factor: window")
    mean_count, square = (np.bincount(neurons, counts**power, spikes.num) / windows for power in (1, 2))
    with np.errstate(invalid="ignore"):
        return (square - mean_count**2) / mean_count


def fano_factor(spikes: Spikes, window: float) -> float:
    """The variance of a neuron's count in windows over its mean, its mean over neurons that fire.

    1 for a Poisson process, 0 for a clock whose period is a window.

    Args:
        spikes: the recording.
        window: ms; what is left after the last whole window is left out.

    Returns:
        The mean; NaN without spikes.

    Raises:
        ValueError: a window that is not positive or longer than the recording.

    Source: Fano (1947).

    Example:
        >>> fano_factor(Spikes([1.0, 3.0], [0, 0], num=1, start=0.0, stop=4.0), window=2.0)
        0.0
    """
    return mean(fano_factors(spikes, window))


def mean(values: np.ndarray) -> float:
    """The mean of what is not NaN; NaN when all is."""
    there = values[~np.isnan(values)]
    return float(there.mean()) if there.size else float("nan")


def _cv(lengths: np.ndarray, neurons: np.ndarray, number: np.ndarray) -> np.ndarray:
    average = np.bincount(neurons, lengths, len(number)) / number
    spread = np.bincount(neurons, (lengths - average[neurons]) ** 2, len(number)) / number
    return np.sqrt(spread) / average


def _of_neighbours(power: int, factor: float) -> Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]:
    """The mean of a factor times a power of the contrast of an interval and the next one."""

    def measured(lengths: np.ndarray, neurons: np.ndarray, number: np.ndarray) -> np.ndarray:
        same = neurons[1:] == neurons[:-1]
        apart, together = np.abs(np.diff(lengths))[same], (lengths[1:] + lengths[:-1])[same]
        contrast = np.divide(apart, together, out=np.zeros_like(apart), where=together > 0)
        return factor * np.bincount(neurons[1:][same], contrast**power, len(number)) / (number - 1)

    return measured


_MEASURES = {"cv": _cv, "cv2": _of_neighbours(1, 2.0), "lv": _of_neighbours(2, 3.0)}
