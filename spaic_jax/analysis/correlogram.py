"""When others fire around a spike."""

import numpy as np

from spaic_jax._numbers import real
from spaic_jax.analysis.spikes import Spikes

#: Differences of times that lie in memory at once.
_AT_ONCE = 1_000_000


def cross_correlogram(first: Spikes, second: Spikes, bin: float, longest: float) -> tuple[np.ndarray, np.ndarray]:
    """The rate of one population around a spike of another: all neurons of both are taken together.

    `C(lag) = pairs(lag) / (n (1 - |lag| / T)) / bin`, with the number of pairs of spikes whose times differ by the lag, within
    half a bin, n spikes of `first`, and T the duration; the bracket makes up for pairs that the ends of the recording cut
    off. Where the two have nothing to do with each other, it is the summed rate of `second`.

    Args:
        first, second: recordings of the same time, such as `spikes.select(...)` of one.
        bin: width of a bin, ms.
        longest: the largest lag, ms, shorter than the recording.

    Returns:
        Lags, ms, from `-longest` to `longest`, whole numbers of bins, positive where `second` fires later; and the rate, Hz.
        It is NaN without a spike of `first`.

    Raises:
        ValueError: recordings of other times, a bin or `longest` that is not positive, or `longest` as long as the recording.

    Source: Perkel, Gerstein and Moore (1967).

    Example:
        >>> one = Spikes([10.0, 20.0], [0, 0], num=1, start=0.0, stop=100.0)
        >>> other = Spikes([12.0, 22.0], [0, 0], num=1, start=0.0, stop=100.0)
        >>> lags, rate = cross_correlogram(one, other, bin=1.0, longest=3.0)
        >>> lags[rate > 0].tolist(), float(rate.max().round(1))
        ([2.0], 1020.4)
    """
    lags = _lags(first, bin, longest)
    if (first.start, first.stop) != (second.start, second.stop):
        raise ValueError(f"cross_correlogram: {first} and {second} came, but needs recordings of the same time.")
    return lags, _rate(_pairs(first.times, second.times, bin, len(lags)), len(first), lags, first, bin)


def autocorrelogram(spikes: Spikes, bin: float, longest: float) -> tuple[np.ndarray, np.ndarray]:
    """The rate of a neuron around its own spikes, over all spikes of all neurons; the spike itself does not count.

    It is zero within the refractory period, and the rate of the neurons where they are a Poisson process. Arguments, formula
    and errors as of `cross_correlogram`.

    Example:
        >>> clock = Spikes([10.0, 20.0, 30.0, 40.0], [0, 0, 0, 0], num=1, start=0.0, stop=100.0)
        >>> lags, rate = autocorrelogram(clock, bin=5.0, longest=10.0)
        >>> lags.tolist(), rate.round(1).tolist()
        ([-10.0, -5.0, 0.0, 5.0, 10.0], [166.7, 0.0, 0.0, 0.0, 166.7])
    """
    lags = _lags(spikes, bin, longest)
    pairs = np.zeros(len(lags))
    for train in spikes.trains():
        pairs += _pairs(train, train, bin, len(lags))
    pairs[len(lags) // 2] -= len(spikes)
    # A difference on an edge goes to the later bin, on both sides.
    return lags, _rate((pairs + pairs[::-1]) / 2, len(spikes), lags, spikes, bin)


def _lags(spikes: Spikes, bin: float, longest: float) -> np.ndarray:
    bin = real(bin, "correlogram: bin", above=0)
    longest = real(longest, "correlogram: longest", above=0, below=spikes.duration)
    reach = int(longest / bin + 1e-9)
    return np.arange(-reach, reach + 1) * bin


def _pairs(first: np.ndarray, second: np.ndarray, bin: float, bins: int) -> np.ndarray:
    """How many pairs of a time of each differ by each lag; a difference on an edge belongs to the later one."""
    edge, found = bins / 2 * bin, np.zeros(bins)
    low, high = (np.searchsorted(second, first + end) for end in (-edge - bin, edge + bin))
    ends = np.cumsum(high - low)
    start = 0
    while start < len(first):
        # At least one spike at a time.
        stop = max(start + 1, int(np.searchsorted(ends, (ends[start - 1] if start else 0) + _AT_ONCE, "right")))
        number = (high - low)[start:stop]
        within = np.arange(number.sum()) - np.repeat(np.cumsum(number) - number, number)
        apart = second[np.repeat(low[start:stop], number) + within] - np.repeat(first[start:stop], number)
        place = np.floor((apart + edge) / bin + 1e-6).astype(int)
        found += np.bincount(place[(place >= 0) & (place < bins)], minlength=bins)
        start = stop
    return found


def _rate(pairs: np.ndarray, number: int, lags: np.ndarray, spikes: Spikes, bin: float) -> np.ndarray:
    if not number:
        return np.full(len(lags), np.nan)
    return pairs / (number * (1 - np.abs(lags) / spikes.duration) * bin / 1000)
