"""A stage: rows of a step that are carried out together."""

from __future__ import annotations

import abc
import dataclasses
import functools
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Self

from spaic_jax.plan.cost import size_of
from spaic_jax.program import Op, Program
from spaic_jax.program.op import base_name

if TYPE_CHECKING:
    from spaic_jax.plan.tile import Tile

#: What marks a read of a state as it was before the first step of a tile.
BEFORE = "[before]"


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

    def changed(self, change: Callable[[Op], Op]) -> Self:
        """The stage with other rows in the place of its own."""
        return dataclasses.replace(self, ops=tuple(map(change, self.ops)), heavy=tuple(map(change, self.heavy)))

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


def wanted_reads(program: Program, stages: tuple[Stage, ...]) -> frozenset[str]:
    """This step's reads that are wanted of every step, outside of the stage that writes them: other stages read them, or
    add to them what they write themselves."""
    wanted = set()
    timed = [stage for stage in stages if not isinstance(stage, Once)]
    for number, stage in enumerate(timed):
        later = frozenset().union(*(other.writes for other in timed[number + 1 :]))
        wanted |= {program.written_read(name) for name in stage.writes & later}
    for stage in stages:
        for name in (base_name(read) for read in stage.reads):
            if name in program.written and any(name in other.writes for other in stages if other is not stage):
                wanted.add(program.written_read(name))
    return frozenset(wanted)


def weight_bytes(program: Program, products: Iterable[Op]) -> int:
    """Bytes of the weights of matrix products."""
    reads = {read.removesuffix(BEFORE) for op in products for read in op.inputs}
    # For a batch of none, weights are what is left.
    return sum(size_of(program.struct(read, 0)) for read in reads)
