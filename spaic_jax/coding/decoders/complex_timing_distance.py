"""Spikes smoothed over time, for a distance between trains of spikes."""

import dataclasses
from collections.abc import Hashable, Mapping
from typing import ClassVar

import jax.numpy as jnp
import numpy as np

from spaic_jax._numbers import real
from spaic_jax._shapes import Array, Inexact, Shaped
from spaic_jax.coding.decoders.base import Decoding
from spaic_jax.coding.decoders.complex_spikes import check_complex
from spaic_jax.coding.decoders.smoothing import smooth
from spaic_jax.coding.steps import ceil_step
from spaic_jax.coding.values import keep


def smoothed(kept: Inexact[Array, "time batch *shape"], *, filter_time: float, dt: float) -> Shaped[Array, "..."]:
    """Amplitudes and times within steps, each correlated with its kernel."""
    check_complex("ComplexTimingDistance", kept)
    h = 6.0 * dt / filter_time
    u = h * np.arange(ceil_step(filter_time, dt) + 1)
    kernel, slope = np.exp(-((u - 2) ** 2)), 0.005 * h * (u - 2) * np.exp(-((u - 1) ** 2))
    dtype = kept.real.dtype
    return smooth(kept.real, jnp.asarray(kernel, dtype)) - smooth(kept.imag, jnp.asarray(slope, dtype))


@dataclasses.dataclass(frozen=True)
class ComplexTimingDistance(Decoding):
    """Spikes smoothed over time, which move with the times within steps, in every step, `[T, B, *shape]`.

    SPAIC's loss is the mean square distance to the spikes of a target, smoothed likewise. The amplitude is correlated
    with `exp(-(u - 2)^2)`, `u = 0 ... 6` over `filter_time` ms, and the time with `0.005 h (u - 2) exp(-(u - 1)^2)`, `h` the
    step of `u`. The middle of the kernels, the later one of two, lies on the step itself.

    Args:
        filter_time: length of the filter, ms.

    Raises:
        ValueError: spikes that are not complex, or a length that is not positive.

    Source: SPAIC, `complex_timing_distance`, where the earlier one of two middles lies on the step.

    >>> ComplexTimingDistance(filter_time=20.0).filter_time
    20.0
    """

    finish: ClassVar = staticmethod(smoothed)
    padded: ClassVar = True
    filter_time: float = 10.0

    def __post_init__(self) -> None:
        keep(self, filter_time=real(self.filter_time, "ComplexTimingDistance: filter_time", above=0))

    def settings(self, dt: float) -> Mapping[str, Hashable]:
        return {"filter_time": self.filter_time, "dt": dt}
