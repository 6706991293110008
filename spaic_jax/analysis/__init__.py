"""What spikes tell: rates, irregularity, synchrony, correlations and spectra, in NumPy. Times are in ms, rates in Hz."""

from spaic_jax.analysis.spikes import Spikes

__all__ = ["Spikes"]
