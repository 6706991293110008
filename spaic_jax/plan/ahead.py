"""What is carried out for all steps of a run before its first tile: the way from a sequence to less than the sequence.

A tile begins with a copy of its part of what changes with time. Where a product makes fewer numbers of a sequence than it holds,
as between many inputs and a smaller layer, its result is what should be cut up, not the sequence.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp

from spaic_jax.plan import ends
from spaic_jax.plan.cost import size_of
from spaic_jax.plan.map import Map
from spaic_jax.plan.stage import Once, Stage
from spaic_jax.program import Op, Program
from spaic_jax.program.evaluate import evaluate
from spaic_jax.program.op import base_name

if TYPE_CHECKING:
    from spaic_jax.plan.tile import Tile

_CLOCKS = {"[step]", "[position]"}


@dataclasses.dataclass(frozen=True)
class Ahead(Stage):
    """Rows that are carried out for the whole run: the plan does so before the first tile."""

    def why(self, program: Program) -> str:
        return "all steps of the run at once"

    def run(self, tile: Tile, key: Any) -> None:
        """Nothing is left to do in a tile."""

    def values(self, program: Program, sequences: Mapping[str, Any], fixed: Mapping[str, Any]) -> dict[str, Any]:
        """What the rows write in all steps, `[T, ...]` by read, of sequences and of what stays the same."""
        timed = {read: sequences[read] for read in self.reads & sequences.keys()}

        def at_step(timed: dict[str, Any]) -> dict[str, Any]:
            env = evaluate(program, self.ops, {**fixed, **timed})
            return {read: env[read] for read in map(program.written_read, sorted(self.writes))}

        return jax.vmap(at_step)(timed)


@functools.lru_cache(maxsize=256)
def with_ahead(program: Program, varying: frozenset[str], stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
    """Stages of which one is carried out ahead, where that makes less of the sequences.

    Args:
        program: what to run.
        varying: the sequences.
        stages: all stages.
    """
    once = [op for stage in stages if isinstance(stage, Once) for op in stage.ops]
    before = program.carried & {read for op in program.rows for read in op.inputs}
    rows: list[Op] = []
    for op in (op for stage in stages if isinstance(stage, Map) for op in stage.ops):
        others = {name for row in program.rows if row not in (*once, *rows) for name in row.outputs}
        follows = varying | {program.written_read(name) for row in rows for name in row.outputs}
        free = not {base_name(read) for read in op.inputs} & others and not set(op.inputs) & (program.carried | _CLOCKS)
        last = not set(op.outputs) & before and all(_writers(program, name) == 1 for name in program.carried & set(op.outputs))
        if follows & set(op.inputs) and free and last and not op.random:
            rows.append(op)
    heavy = tuple(op for stage in stages for op in stage.heavy if op in rows)
    rest = tuple(_without(stage, rows) for stage in stages)
    left = _left(program, rest)
    made = {program.written_read(name) for op in rows for name in op.outputs} & left
    if not heavy or _step_bytes(program, made) >= _step_bytes(program, varying - left):
        return stages
    first = tuple(stage for stage in rest if isinstance(stage, Once))
    return (*first, Ahead(tuple(rows), heavy), *(stage for stage in rest if stage.ops and stage not in first))


def _writers(program: Program, name: str) -> int:
    return sum(name in op.outputs for op in program.rows)


def _step_bytes(program: Program, reads: Iterable[str]) -> int:
    return sum(size_of(program.struct(read, 1)) for read in reads)


def _left(program: Program, stages: Iterable[Stage]) -> set[str]:
    """The reads that the tiles need of every step."""
    reads = {read for stage in stages for read in stage.reads}
    written = {program.written_read(name) for stage in stages for name in stage.writes}
    return reads | written | {program.recorded_read(record.variable) for record in program.kept}


def _without(stage: Stage, rows: list[Op]) -> Stage:
    """A stage without some rows of maps."""
    if not isinstance(stage, Map):
        return stage
    return Map(tuple(op for op in stage.ops if op not in rows), tuple(op for op in stage.heavy if op not in rows))


def carry_out_ahead(
    program: Program,
    stages: tuple[Stage, ...],
    sequences: Mapping[str, Any],
    fixed: Mapping[str, Any],
    state: Mapping[str, Any],
    lengths: jax.Array | None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What changes with time and is cut into tiles, sequences and what was made of them ahead; and states after the run."""
    made: dict[str, Any] = {}
    for stage in stages:
        if isinstance(stage, Ahead):
            made |= stage.values(program, sequences, fixed)
    left = _left(program, (stage for stage in stages if not isinstance(stage, Ahead)))
    rows = {name: made[read] for name in program.carried if (read := program.written_read(name)) in made}
    last = {name: values[-1] if lengths is None else _at_end(program, name, values, lengths, state[name]) for name, values in rows.items()}
    cut = {read: value for read, value in {**sequences, **made}.items() if read in left or not made}
    return cut, last


def _at_end(program: Program, name: str, rows: Any, lengths: jax.Array, old: Any) -> Any:
    """A state after each sample's last step."""
    return ends.at_end(program, name, rows, ends.there(jnp.arange(len(rows), dtype=jnp.int32), lengths)[ends.THERE], old)
