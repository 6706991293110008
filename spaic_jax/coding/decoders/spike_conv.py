"""Spikes smoothed over time."""

import dataclasses
from collections.abc import Hashable, Mapping
from typing import ClassVar

import jax.numpy as jnp
import numpy as np

from spaic_jax._numbers import real
from spaic_jax._shapes import Array, Float, Shaped
from spaic_jax.coding.decoders.base import Decoding
from spaic_jax.coding.decoders.smoothing import smooth
from spaic_jax.coding.steps import floor_step, wide
from spaic_jax.coding.values import keep


def offsets(time_window: float, dt: float) -> np.ndarray:
    """The distances of the steps within half a window, in halves of a window: from -1 to 1 at most, 0 in the middle."""
    reach = floor_step(time_window / 2, dt)
    return np.arange(-reach, reach + 1) * (2 * dt / time_window)


def bell(
    kept: Shaped[Array, "time batch *shape"], *, time_window: float, dt: float
) -> Float[Array, "time batch *shape"]:
    """Spikes convolved with `exp(-(3 t)^2)`."""
    kept = wide(kept)
    return smooth(kept, jnp.asarray(np.exp(-9 * offsets(time_window, dt) ** 2), kept.dtype))


@dataclasses.dataclass(frozen=True)
class SpikeConv(Decoding):
    """Spikes of each neuron convolved with a bell over time, in every step, `[T, B, *shape]`.

    $$ r(t) = \\sum_s O(s)\\, e^{-(3 (s - t) / w)^2}, \\qquad |s - t| \\le w = \\text{time\\_window} / 2 $$

    Args:
        time_window: width of the bell, ms.

    Raises:
        ValueError: a width that is not positive.

    Source: SPAIC, `spike_conv`, which cannot be made there, mixes the samples, and has the peak a step before the spike.

    >>> spike = jnp.zeros((5, 1, 1)).at[2].set(1.0)
    >>> SpikeConv.finish(spike, **SpikeConv(time_window=4.0).settings(dt=1.0))[:, 0, 0].round(3).tolist()  # doctest: +ELLIPSIS
    [0.0, 0.10..., 1.0, 0.10..., 0.0]
    """

    finish: ClassVar = staticmethod(bell)
    padded: ClassVar = True
    time_window: float = 80.0

    def __post_init__(self) -> None:
        keep(self, time_window=real(self.time_window, "SpikeConv: time_window", above=0))

    def settings(self, dt: float) -> Mapping[str, Hashable]:
        return {"time_window": self.time_window, "dt": dt}
