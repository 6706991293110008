"""Windows of a loop that goes through a delay: in a window no longer than the delay, it is no loop.

What arrives by a delay of `D` steps within `D` steps was all sent before the first of them,

$$ I_{t+k} = W s_{t+k-D}, \\quad 0 \\le k < D, $$

so that the products of a window are one, with what the ring holds at its beginning. What is left to loop in a window is what
needs no delay to come round, such as the membrane potential of a group.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import jax

from spaic_jax.plan.outside import nudging, sources_of
from spaic_jax.plan.scan import Loop, Scan
from spaic_jax.plan.stage import BEFORE, Stage, wanted_reads
from spaic_jax.plan.tile import in_tiles
from spaic_jax.program import Op, Program, Record
from spaic_jax.program.op import base_name

if TYPE_CHECKING:
    from spaic_jax.plan.tile import Tile


@dataclasses.dataclass(frozen=True)
class Windows(Scan):
    """A loop over windows, each of which is carried out in stages as a tile is.

    Attributes:
        length: steps of a window, at most.
        stages: the stages of a window. Rows that read what was before it say so.
    """

    length: int = 1
    stages: tuple[Stage, ...] = ()

    @functools.cached_property
    def reads(self) -> frozenset[str]:
        """Reads of all rows; what was before a window is what is carried to it."""
        return super().reads - {name + BEFORE for name in self.before} | self.before

    @property
    def before(self) -> frozenset[str]:
        """What is read as it was before a window."""
        return frozenset(name for name in self.writes for op in self.ops if name + BEFORE in op.inputs)

    @property
    def loose(self) -> tuple[Op, ...]:
        """The products that loop no longer."""
        return tuple(op for stage in self.stages if not isinstance(stage, Scan) for op in stage.heavy)

    def even(self, steps: int) -> int:
        """Steps of a window of so many: as many windows as there must be, of one length where it can be."""
        return math.ceil(steps / math.ceil(steps / self.length))

    def why(self, program: Program) -> str:
        inside = ", ".join(f"{type(stage).__name__.lower()} {_names(stage.ops)}" for stage in self.stages)
        return f"{super().why(program)}, but through a delay: in windows of {self.length} steps ({inside})"

    def changed(self, change: Callable[[Op], Op]) -> Self:
        return dataclasses.replace(super().changed(change), stages=tuple(stage.changed(change) for stage in self.stages))

    def loop(self, tile: Tile, stacked: tuple[str, ...], kept: tuple[Record, ...]) -> Loop:
        return WindowLoop(tile, self.ops, self.weighted(tile.real_weights), stacked, kept, self)


def _names(ops: Sequence[Op]) -> str:
    return ", ".join(dict.fromkeys(op.name for op in ops))


@dataclasses.dataclass(frozen=True)
class WindowLoop(Loop):
    """The loop over the windows of a tile."""

    windows: Windows

    def _steps(
        self, weighted: tuple[Op, ...], carry: Any, timed: Any, rest: Mapping[str, Any], weights: Mapping[str, Any], key: Any
    ) -> tuple[Any, dict[str, Any]]:
        tile, program = self.tile, self.tile.program
        stages = self.windows.changed(nudging(weighted)).stages
        sources = sources_of(weighted, tile.weights)
        needed = {program.written_read(base_name(read)) for read in sources if base_name(read) in self.windows.writes}
        wanted = wanted_reads(program, stages) | set(self.stacked) | needed
        # A product inside a window's own loops has its gradient formed outside of all windows.
        within = tile.weights - {read for op in self.weighted for read in op.inputs}

        def window(carry: Any, x: Any) -> tuple[Any, Any]:
            (state, totals), (values, positions) = carry, x
            inside = dataclasses.replace(
                tile, wanted=wanted, fixed={**rest, **weights}, state=state, totals=totals, records=self.kept,
                weights=within, timed=dict(values), positions=positions, last={}, kept={},
            )
            for stage in stages:
                stage.run(inside, key)
            totals, rows = inside.recorded()
            stacked, seen = ({read: inside.stacked(read) for read in reads} for reads in (self.stacked, sources))
            return (inside.final_state(), totals), ((stacked, rows), seen)

        if tile.recompute:
            window = jax.checkpoint(window, prevent_cse=False)
        steps = tile.positions.shape[0]
        last, (stacked, seen) = in_tiles(window, self.windows.even(steps), carry, timed)
        return (last, stacked), seen
