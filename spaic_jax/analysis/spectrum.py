"""The rhythms of a population."""

import numpy as np

from spaic_jax._numbers import real
from spaic_jax.analysis.rates import population_rate
from spaic_jax.analysis.spikes import Spikes


def spectrum(spikes: Spikes, bin: float = 1.0, segment: float = 500.0) -> tuple[np.ndarray, np.ndarray]:
    """The power spectral density of the population rate, by Welch's method.

    The mean over segments that overlap by half of `2 |FFT(w (r - mean r))|^2 bin / sum w^2`, with r the rate of the segment
    and w Hann's window; the first and the last frequency are not doubled. The largest power is that of the strongest rhythm.

    Args:
        spikes: the recording.
        bin: ms; frequencies go up to `500 / bin` Hz.
        segment: ms; frequencies lie `1000 / segment` Hz apart.

    Returns:
        Frequencies, Hz, and the power density there, Hz^2 / Hz: two arrays. Without spikes the power is zero.

    Raises:
        ValueError: a bin or segment that is not positive, a segment of fewer than four bins, or longer than the recording.

    Source: Welch (1967).

    Example:
        >>> times = np.arange(20.0, 2000.0, 20.0)
        >>> clock = Spikes(times, np.zeros(len(times), int), num=1, start=0.0, stop=2000.0)
        >>> frequencies, power = spectrum(clock, bin=5.0, segment=1000.0)
        >>> float(frequencies[power.argmax()])
        50.0
    """
    _, rate = population_rate(spikes, real(bin, "spectrum: bin", above=0))
    size = round(real(segment, "spectrum: segment", above=0) / bin)
    if size < 4 or size > len(rate):
        raise ValueError(
            f"spectrum: segment is {segment:g} ms, but needs from four bins of {bin:g} ms to the {spikes.duration:g} ms recorded."
        )
    parts = np.lib.stride_tricks.sliding_window_view(rate, size)[:: size - size // 2]
    window = np.sin(np.pi * np.arange(size) / size) ** 2
    found = np.abs(np.fft.rfft((parts - parts.mean(1, keepdims=True)) * window)) ** 2
    power = found.mean(0) * (bin / 1000) / (window**2).sum()
    power[1 : len(power) - (size % 2 == 0)] *= 2
    return np.fft.rfftfreq(size, bin / 1000), power
