"""A current that swings."""

import dataclasses
from typing import ClassVar

import jax.numpy as jnp
import numpy as np

from spaic_jax._shapes import Array, Float, Int
from spaic_jax.coding.generators.base import Generating, each
from spaic_jax.coding.values import Value


def emit(
    on: Float[Array, "batch *shape"], step: Int[Array, ""], amp: Float[Array, "..."], period: Float[Array, "..."], *,
    dt: float,
) -> Float[Array, "batch *shape"]:
    """The current of one step."""
    # The phase is taken of a step within its period, as float32 loses the phase of a large time.
    phase = jnp.remainder(step.astype(period.dtype) * dt, each(on, period)) / each(on, period)
    return (each(on, amp) * jnp.sin(2 * jnp.pi * phase)).astype(on.dtype)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class SineGenerator(Generating):
    """`amp * sin(2 pi t / period)`, with t the time at which a step begins.

    Args:
        amp: amplitude, a number or one a neuron.
        period: ms, a number or one a neuron.

    Raises:
        ValueError: for a period that is not positive.

    Source: SPAIC, `sin_generator`.

    >>> SineGenerator(amp=1.5, period=5.0).period
    5.0
    """

    emit: ClassVar = staticmethod(emit)
    amp: Value = 1.0
    period: Value = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (np.asarray(self.period) > 0).all():
            raise ValueError(f"SineGenerator: period must be positive, got {self.period!r}.")
