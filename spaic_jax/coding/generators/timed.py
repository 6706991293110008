"""What sources have in common whose values are listed over time."""

import dataclasses
from collections.abc import Hashable, Iterable, Mapping
from typing import ClassVar, Literal, get_args

import jax.numpy as jnp
import numpy as np

from spaic_jax._errors import unknown
from spaic_jax._numbers import real, shown
from spaic_jax._shapes import Array, Bool, Int
from spaic_jax.coding.check import check_range
from spaic_jax.coding.generators.base import Generating
from spaic_jax.coding.values import Value, keep
from spaic_jax.program import Context, Site

#: What comes after the last value.
After = Literal["zero", "hold", "repeat"]


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Timed(Generating):
    """Rows of values, each held for `interval` ms, counted from the first step of all runs.

    A row is one number for all neurons, or one a neuron: `[rows]` or `[rows, *shape]`.
    """

    #: The field with a row for each interval.
    listed: ClassVar[str] = "values"
    interval: float
    after: After = "zero"

    def __post_init__(self) -> None:
        super().__post_init__()
        kind, rows = type(self).__name__, np.asarray(getattr(self, self.listed))
        if rows.dtype.kind not in "iuf" or not rows.ndim or not rows.size:
            raise ValueError(f"{kind}: {self.listed} must be an array with a row for each interval, not {shown(rows)}.")
        check_range(f"{kind}: {self.listed}", rows, "finite numbers")
        keep(self, interval=real(self.interval, f"{kind}: interval", above=0))
        if self.after not in get_args(After):
            raise ValueError(f"{kind}: {unknown('after', self.after, get_args(After))}")

    def per_neuron(self) -> list[tuple[str, Value]]:
        return []

    def rows(self, site: Site) -> np.ndarray:
        """The array with a row for each interval; ValueError when a row does not fit the source."""
        rows = np.asarray(getattr(self, self.listed), float)
        if rows.ndim > 1 and rows.shape[1:] != site.gives:
            raise ValueError(
                f"generator '{site.name}': {self.listed} has shape {rows.shape}, but needs one number a row or {site.gives}."
            )
        return rows

    def numbers(self, site: Site, context: Context) -> Iterable[tuple[str, Value]]:
        every = context.steps(self.interval, f"interval of generator '{site.name}'")
        return [("every", every), *super().numbers(site, context)]

    def settings(self, context: Context) -> Mapping[str, Hashable]:
        return {**super().settings(context), "after": self.after}


def row_at(step: Int[Array, ""], every: Int[Array, ""], rows: int, after: After) -> tuple[Int[Array, ""], Bool[Array, ""]]:
    """The row of a step, and whether there is one."""
    row = step // every
    if after == "repeat":
        return row % rows, jnp.asarray(True)
    return jnp.minimum(row, rows - 1), (row < rows) | (after == "hold")
