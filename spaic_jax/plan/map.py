"""A map stage: all steps of a tile at once."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import jax

from spaic_jax.plan.stage import Stage
from spaic_jax.program import Program
from spaic_jax.program.evaluate import evaluate

if TYPE_CHECKING:
    from spaic_jax.plan.tile import Tile


@dataclasses.dataclass(frozen=True)
class Map(Stage):
    """Rows none of which needs what another step of these rows gave: a product of all steps is one large product."""

    def why(self, program: Program) -> str:
        return "all steps of a tile at once"

    def run(self, tile: Tile, key: Any) -> None:
        program = tile.program
        written = [program.written_read(name) for name in sorted(self.writes)]
        timed, fixed = tile.given(self.reads, written)

        def at_step(timed: dict[str, Any]) -> dict[str, Any]:
            env = evaluate(program, self.ops, {**fixed, **timed}, key)
            return {read: env[read] for read in written}

        tile.timed |= jax.vmap(at_step)(timed)
