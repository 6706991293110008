"""Spikes smoothed over time."""

import dataclasses
from typing import ClassVar

import jax
import jax.numpy as jnp

from spaic_jax.coding.decoders.base import Decoding


def smooth(values: jax.Array, kernel: jax.Array) -> jax.Array:
    """Correlation of each sample and neuron with a kernel over time, `[T, ...]`; zeros beyond both ends.

    The kernel's middle, the later one of two, lies on the step itself.
    """
    steps, size = values.shape[0], kernel.shape[0]
    before = (size - 1) // 2
    flat = values.reshape(steps, -1).T[:, None]
    made = jax.lax.conv_general_dilated(flat, kernel[None, None], (1,), [(before, size - 1 - before)])
    return made[:, 0].T.reshape(values.shape)


@dataclasses.dataclass(frozen=True)
class SpikeConv(Decoding):
    """Spikes of each neuron convolved with a bell over time, in every step, `[T, B, *shape]`.

    $$ r(t) = \\sum_s O(s)\\, e^{-(3 (s - t) / w)^2}, \\qquad |s - t| \\le w = \\text{time\\_window} / 2 $$

    Args:
        time_window: width of the bell, ms.
        dt: length of a step, ms; that of the simulation by default.

    Raises:
        ValueError: a width that is not positive.

    Source: SPAIC, `spike_conv`, which cannot be made there, and mixes the samples.

    >>> SpikeConv(time_window=40.0).reduce is None
    True
    """

    reduce: ClassVar = None
    time_window: float = 80.0
    dt: float | None = None

    def __post_init__(self) -> None:
        if not self.time_window > 0:
            raise ValueError(f"{type(self).__name__}: time_window must be positive, got {self.time_window!r}.")

    def bell(self, dtype: jnp.dtype) -> tuple[jax.Array, jax.Array]:
        """The kernel, and minus its slope by `t / w`; both along time."""
        half, dt = self.time_window / 2, self.dt or 1.0
        t = jnp.arange(-half, half, dt, dtype=dtype) / half
        return jnp.exp(-((3 * t) ** 2)), 6 * t * jnp.exp(-((3 * t) ** 2))

    def __call__(self, kept: jax.Array) -> jax.Array:
        return smooth(kept, self.bell(kept.dtype)[0])
