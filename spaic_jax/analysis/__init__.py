"""What spikes tell: rates, irregularity, synchrony, correlations and spectra, in NumPy. Times are in ms, rates in Hz."""

from spaic_jax.analysis.correlation import correlations
from spaic_jax.analysis.correlogram import autocorrelogram, cross_correlogram
from spaic_jax.analysis.intervals import intervals
from spaic_jax.analysis.irregularity import cv, cv2, fano_factor, fano_factors, irregularity, local_variation
from spaic_jax.analysis.rates import population_rate, rates
from spaic_jax.analysis.spectrum import spectrum
from spaic_jax.analysis.spikes import Spikes
from spaic_jax.analysis.synchrony import count_synchrony, synchrony

__all__ = [
    "Spikes",
    "autocorrelogram",
    "correlations",
    "count_synchrony",
    "cross_correlogram",
    "cv",
    "cv2",
    "fano_factor",
    "fano_factors",
    "intervals",
    "irregularity",
    "local_variation",
    "population_rate",
    "rates",
    "spectrum",
    "synchrony",
]
