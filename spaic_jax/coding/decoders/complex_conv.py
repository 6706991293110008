"""Complex spikes smoothed over time."""

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
from spaic_jax.coding.decoders.spike_conv import offsets
from spaic_jax.coding.values import keep


def moved_bell(kept: Inexact[Array, "time batch *shape"], *, time_window: float, dt: float) -> Shaped[Array, "..."]:
    """Amplitudes correlated with a bell, and what moves it with its slope."""
    check_complex("ComplexConv", kept)
    t, dtype = offsets(time_window, dt), kept.real.dtype
    bell = np.exp(-9 * t**2)
    amplitude, moved = jnp.asarray(bell, dtype), jnp.asarray(6 * t * bell, dtype)
    return smooth(kept.real, amplitude) + smooth(kept.real * kept.imag * dt, moved)


@dataclasses.dataclass(frozen=True)
class ComplexConv(Decoding):
    """Amplitudes correlated with a bell that each spike's time within its step moves, in every step, `[T, B, *shape]`.

    $$ r = a * k + dt\\, (a \\tau) * k', \\qquad k(t) = e^{-(3 t / w)^2}, \\quad k'(t) = \\frac{6 t}{w} k(t),
       \\quad |t| \\le w = \\text{time\\_window} / 2 $$

    where `t` is the time of a spike's step less that of the step that is looked at.

    Args:
        time_window: width of the bell, ms.

    Raises:
        ValueError: spikes that are not complex, or a width that is not positive.

    Source: SPAIC, `complex_conv`, which mixes the samples, and has the peak a step before the spike.

    >>> spike = jnp.zeros((3, 1, 1), "complex64").at[1].set(2.0)
    >>> float(ComplexConv.finish(spike, **ComplexConv().settings(dt=1.0))[1, 0, 0])
    2.0
    """

    finish: ClassVar = staticmethod(moved_bell)
    padded: ClassVar = True
    time_window: float = 80.0

    def __post_init__(self) -> None:
        keep(self, time_window=real(self.time_window, "ComplexConv: time_window", above=0))

    def settings(self, dt: float) -> Mapping[str, Hashable]:
        return {"time_window": self.time_window, "dt": dt}
