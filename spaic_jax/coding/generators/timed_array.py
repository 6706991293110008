"""Values that are listed over time."""

import dataclasses
from collections.abc import Iterable
from typing import ClassVar

import jax.numpy as jnp

from spaic_jax._shapes import Array, Float, Int
from spaic_jax.coding.generators.base import each
from spaic_jax.coding.generators.timed import After, Timed, row_at
from spaic_jax.coding.values import Value
from spaic_jax.program import Context, Site


def emit(
    on: Float[Array, "batch *shape"], step: Int[Array, ""], values: Float[Array, "rows *neurons"], every: Int[Array, ""], *,
    dt: float, after: After,
) -> Float[Array, "batch *shape"]:
    """The values of one step."""
    row, there = row_at(step, every, len(values), after)
    return jnp.where(there, each(on, values[row]), 0).astype(on.dtype)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class TimedArray(Timed):
    """Values that are listed over time: row k from `k * interval` ms on, for `interval` ms, counted over all runs.

    Args:
        values: `[rows]` for all neurons alike, or `[rows, *shape]`.
        interval: how long each row is held, ms; a whole number of steps.
        after: what comes after the last row: `"zero"`, `"hold"` (it stays), or `"repeat"` (from the first row on).

    Raises:
        ValueError: when it is made, values that are no finite numbers, an `interval` that is not positive, or an unknown
            `after`; when the network is lowered, rows of another shape, or an `interval` that is no whole number of steps.

    >>> import numpy as np
    >>> steps = np.arange(0.0, 100.0, 0.5)  # a function of time is listed
    >>> TimedArray(values=np.exp(-steps / 20.0), interval=0.5, after="hold").after
    'hold'
    """

    emit: ClassVar = staticmethod(emit)
    values: Value

    def numbers(self, site: Site, context: Context) -> Iterable[tuple[str, Value]]:
        return [("values", self.rows(site)), *super().numbers(site, context)]
