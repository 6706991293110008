"""How the counts of two neurons go together."""

import numpy as np

from spaic_jax._numbers import whole
from spaic_jax.analysis.bins import counts_by_neuron
from spaic_jax.analysis.spikes import Spikes

#: Pairs whose counts lie in memory at once.
_AT_ONCE = 256


def correlations(spikes: Spikes, bin: float, pairs: int | None = 10_000, seed: int = 0) -> np.ndarray:
    """Pearson's correlation coefficient of the counts in bins of pairs of neurons.

    Neurons whose count never changes, such as silent ones, are in no pair. The mean of the array is the mean correlation of
    the population; memory is needed for a few hundred neurons at once, however many there are.

    Args:
        spikes: the recording.
        bin: ms; what is left after the last whole bin is left out.
        pairs: how many pairs are drawn, none twice; all there are when they are fewer, or with `None`.
        seed: of the draw.

    Returns:
        One coefficient a pair, in no order; empty where fewer than two neurons have counts that change.

    Raises:
        ValueError: a bin that is not positive or longer than the recording, `pairs` that are no positive whole number.

    Example:
        >>> spikes = Spikes([1.0, 1.0, 3.0, 4.0], [0, 1, 0, 1], num=3, start=0.0, stop=6.0)
        >>> correlations(spikes, bin=1.0).round(3).tolist()
        [0.25]
    """
    neurons, place, counts, bins = counts_by_neuron(spikes, bin, "correlations: bin")
    average, square = (np.bincount(neurons, counts**power, spikes.num) / bins for power in (1, 2))
    spread = np.sqrt(np.maximum(square - average**2, 0))
    able = np.flatnonzero(spread > 1e-9)
    total = len(able) * (len(able) - 1) // 2
    drawn = np.arange(total)
    if pairs is not None and whole(pairs, "correlations: pairs") < total:
        drawn = np.random.default_rng(seed).choice(total, pairs, replace=False)
    one, other = _pairs(drawn)
    # Counts are sorted by neuron.
    ends = np.searchsorted(neurons, np.arange(spikes.num + 1))
    found = np.empty(len(drawn))
    for first in range(0, len(drawn), _AT_ONCE):
        part = slice(first, first + _AT_ONCE)
        sides = []
        for side in (able[one[part]], able[other[part]]):
            table = np.zeros((len(side), bins))
            for row, neuron in enumerate(side):
                of = slice(ends[neuron], ends[neuron + 1])
                table[row, place[of]] = counts[of]
            sides.append((table - average[side, None]) / spread[side, None])
        found[part] = (sides[0] * sides[1]).mean(1)
    return found


def _pairs(number: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The pair `i < j` of a number `j (j - 1) / 2 + i`."""
    j = ((1 + np.sqrt(1 + 8 * number.astype(float))) / 2).astype(int)
    # The root may be off by rounding.
    j = j - (j * (j - 1) // 2 > number) + ((j + 1) * j // 2 <= number)
    return number - j * (j - 1) // 2, j
