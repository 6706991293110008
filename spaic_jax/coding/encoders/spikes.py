"""Spikes that are ready made."""

import dataclasses
from collections.abc import Sequence
from typing import ClassVar

from spaic_jax.coding.encoders.base import Coding
from spaic_jax.program import Op
from spaic_jax.program.variable import Axes


@dataclasses.dataclass(frozen=True)
class Spikes(Coding):
    """Ready-made spikes (or currents), `[T, B, *shape]`, passed on as they are.

    SPAIC's `null` takes `(batch, T, ...)`; here time comes first, as everywhere.

    Source: SPAIC, `null`.

    >>> Spikes().axes
    'time'
    """

    axes: ClassVar[Axes] = "time"

    def lower(self, source: str, target: str) -> Sequence[Op]:
        return [Op(target, "assign", (source,))]
