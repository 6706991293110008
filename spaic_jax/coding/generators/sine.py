"""A current that swings."""

import dataclasses
from collections.abc import Iterable
from typing import ClassVar

import jax.numpy as jnp
import numpy as np

from spaic_jax._shapes import Array, Float, Int
from spaic_jax.coding.generators.base import Generating, each, within
from spaic_jax.coding.values import Value
from spaic_jax.program import Context, Site

#: Steps that the finer of the two whole numbers counts.
_COARSE = 16


def emit(
    on: Float[Array, "batch *shape"], step: Int[Array, ""], amp: Float[Array, "..."], fine: Int[Array, "..."],
    coarse: Int[Array, "..."], phase: Int[Array, "..."], first: Int[Array, ""], end: Int[Array, ""], *, dt: float,
) -> Float[Array, "batch *shape"]:
    """The current of one step, from the step `first` until before the step `end`."""
    # In whole numbers, 2^32 of which are a period, as float32 loses the phase of a large time: they wrap around.
    turned = (step & (2**_COARSE - 1)) * fine + (step >> _COARSE) * coarse + phase
    angle = turned.astype(amp.dtype) * (2 * np.pi / 2**32)
    return within(each(on, amp) * each(on, jnp.sin(angle)), step, first, end).astype(on.dtype)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class SineGenerator(Generating):
    """`amp * sin(2 pi t / period + phase)` between two times, with t the time at which a step begins, of all runs.

    The phase is right to a hundred thousandth of a period however long the simulation.

    Args:
        amp: amplitude, a number or one a neuron.
        period: ms, a number or one a neuron.
        phase: at the time zero, radians, a number or one a neuron.
        start_time, end_time: steps that begin within them, ms, have the current; no end when `None`.

    Raises:
        ValueError: for a period that is not positive, values that are not finite, negative times, an end before the start.

    Source: SPAIC, `sin_generator`, which has neither phase nor times.

    >>> SineGenerator(amp=1.5, period=5.0).period
    5.0
    """

    emit: ClassVar = staticmethod(emit)
    amp: Value = 1.0
    period: Value = 1.0
    phase: Value = 0.0
    start_time: float = 0.0
    end_time: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (np.asarray(self.period) > 0).all():
            raise ValueError(f"SineGenerator: period must be positive, got {self.period!r}.")

    def numbers(self, site: Site, context: Context) -> Iterable[tuple[str, Value]]:
        given = dict(super().numbers(site, context))
        each_step, phase = context.dt / np.asarray(given.pop("period")), np.asarray(given.pop("phase")) / (2 * np.pi)
        turns = {"fine": each_step, "coarse": each_step * 2**_COARSE, "phase": phase}
        return [("amp", given.pop("amp")), *((key, whole_turns(value)) for key, value in turns.items()), *given.items()]


def whole_turns(periods: np.ndarray) -> np.ndarray:
    """The part of a period as a whole number, 2^32 of which are a period.

    >>> whole_turns(np.array([0.25, 3.75])).tolist()
    [1073741824, -1073741824]
    """
    parts = np.round((periods - np.round(periods)) * 2.0**32).astype(np.int64)
    # Half a period is minus half a period.
    return np.where(parts == 2**31, -(2**31), parts).astype(np.int32)
