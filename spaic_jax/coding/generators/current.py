"""A current that does not change."""

import dataclasses
from typing import ClassVar

from spaic_jax._shapes import Array, Float, Int
from spaic_jax.coding.generators.base import Generating, each, within
from spaic_jax.coding.values import Value


def emit(
    on: Float[Array, "batch *shape"], step: Int[Array, ""], amp: Float[Array, "..."], first: Int[Array, ""],
    end: Int[Array, ""], *, dt: float,
) -> Float[Array, "batch *shape"]:
    """The current of one step, from the step `first` until before the step `end`."""
    return within(each(on, amp), step, first, end).astype(on.dtype)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class CurrentGenerator(Generating):
    """`amp` in every step between two times.

    Args:
        amp: a number, or one a neuron: zero for those that get none.
        start_time, end_time: steps that begin within them, ms, have the current; no end when `None`.

    Raises:
        ValueError: values that are not finite, negative times, an end before the start.

    Source: SPAIC, `cc_generator`, which has no times.

    >>> CurrentGenerator(amp=[0.1, 0.2], start_time=50.0, end_time=150.0).amp
    [0.1, 0.2]
    """

    emit: ClassVar = staticmethod(emit)
    amp: Value = 1.0
    start_time: float = 0.0
    end_time: float | None = None
