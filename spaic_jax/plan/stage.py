"""A stage: rows of a step that are carried out together."""

from __future__ import annotations

import abc
import dataclasses
import functools
from typing import TYPE_CHECKING, Any

from spaic_jax.program import Op, Program

if TYPE_CHECKING:
    from spaic_jax.plan.tile import Tile


@dataclasses.dataclass(frozen=True)
class Stage(abc.ABC):
    """Rows that are carried out together.

    Attributes:
        ops: the rows, in order.
        heavy: those of the rows that are matrix products or convolutions.
    """

    ops: tuple[Op, ...]
    heavy: tuple[Op, ...] = ()

    @functools.cached_property
    def writes(self) -> frozenset[str]:
        """Names written."""
        return frozenset(name for op in self.ops for name in op.outputs)

    @functools.cached_property
    def reads(self) -> frozenset[str]:
        """Reads of all rows; a random row reads the step, which its key depends on."""
        clock = {"[step]"} if any(op.random for op in self.ops) else set()
        return frozenset(read for op in self.ops for read in op.inputs) | clock

    def carried(self, program: Program) -> tuple[str, ...]:
        """What the stage writes and its rows read from the previous step."""
        return tuple(v.name for v in program.variables if v.name in program.carried & self.writes & self.reads)

    @abc.abstractmethod
    def why(self, program: Program) -> str:
        """How often the rows are carried out, in words."""

    @abc.abstractmethod
    def run(self, tile: Tile, key: Any) -> None:
        """Carry the rows out for every step of a tile, which takes in what they write."""


@dataclasses.dataclass(frozen=True)
class Once(Stage):
    """Rows that depend on nothing that changes in a run: the plan carries them out before the first tile."""

    def why(self, program: Program) -> str:
        return "once a run"

    def run(self, tile: Tile, key: Any) -> None:
        """Nothing is left to do in a tile."""
