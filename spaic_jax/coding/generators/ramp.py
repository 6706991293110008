"""A current that rises."""

import dataclasses
from typing import ClassVar

import jax.numpy as jnp

from spaic_jax._shapes import Array, Float, Int
from spaic_jax.coding.generators.base import Generating, each
from spaic_jax.coding.values import Value


def emit(
    on: Float[Array, "batch *shape"], step: Int[Array, ""], slope: Float[Array, "..."], amp: Float[Array, "..."],
    base: Float[Array, "..."], end: Int[Array, ""], *, dt: float,
) -> Float[Array, "batch *shape"]:
    """The current of one step, until before the step `end`."""
    value = each(on, amp) * (each(on, slope) * (step.astype(slope.dtype) * dt) + each(on, base))
    return jnp.where(step < end, value, 0).astype(on.dtype)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class RampGenerator(Generating):
    """`amp * (slope * t + base)` until `end_time`, then zero, with t the time at which a step begins, ms.

    Args:
        slope: rise a ms, a number or one a neuron.
        amp, base: numbers, or one a neuron.
        end_time: ms; no end when `None`.

    Source: SPAIC, `ramp_generator`.

    >>> RampGenerator(slope=2.0).amp
    0.001
    """

    emit: ClassVar = staticmethod(emit)
    slope: Value = 1.0
    amp: Value = 0.001
    base: Value = 0.0
    end_time: float | None = None
