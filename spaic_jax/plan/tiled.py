"""The tiled plan: whatever does not loop over time is done for many steps at once."""

import dataclasses
import functools
import math
from collections.abc import Callable, Mapping
from typing import Any, Literal

import jax
import jax.numpy as jnp

from spaic_jax.plan import records
from spaic_jax.plan.remat import Auto, Chunk
from spaic_jax.plan.stages import Stage, find_stages, wanted_reads
from spaic_jax.plan.tile import choose_tile, this_device
from spaic_jax.plan.values import TileValues
from spaic_jax.program import Program
from spaic_jax.program.evaluate import evaluate, reserved


@dataclasses.dataclass(frozen=True)
class TiledPlan:
    """Stages in order over a tile of steps, tile after tile.

    Attributes:
        program: what one step does.
        tile: steps of a tile; `None` lets the cost model choose.
        remat: what the backward pass keeps.
    """

    program: Program
    tile: int | None = None
    remat: Chunk | Auto | Literal["step"] | None = None

    def __post_init__(self) -> None:
        if self.tile is not None and (isinstance(self.tile, bool) or not isinstance(self.tile, int) or self.tile < 1):
            raise ValueError(f"tile must be a positive whole number of steps, got {self.tile!r}.")

    def stages(self, held: frozenset[str]) -> tuple[Stage, ...]:
        """The stages, when the inputs `held` stay the same for the run."""
        return find_stages(self.program, held)

    def run(
        self,
        fixed: Mapping[str, Any],
        state: Mapping[str, Any],
        sequences: Mapping[str, Any],
        key: jax.Array | None,
        first: jax.Array,
        steps: int,
        batch_size: int,
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """All steps: as `ReferencePlan.run`."""
        program = self.program
        stages = self.stages(frozenset(v.name for v in program.of_role("input") if v.name not in sequences))
        once = tuple(op for stage in stages if stage.kind == "once" for op in stage.ops)
        clock = reserved(program, first, jnp.int32(0), steps)
        fixed = evaluate(program, once, {**fixed, **{read: clock[read] for read in ("[dt]", "[window]")}}, key)
        looped = tuple(stage for stage in stages if stage.kind != "once")
        wanted = wanted_reads(program, stages)

        def tile(carry: Any, x: Any) -> tuple[Any, Any]:
            state, totals = carry
            positions, values = x
            timed = {**values, "[position]": positions, "[step]": first + positions}
            env = TileValues(program, wanted, fixed, state, timed, self.remat == "step")
            for stage in looped:
                env.carry_out(stage, key)
            reads = {program.recorded_read(record.variable) for record in program.records}
            values = {read: env.stacked(read) for read in reads}
            totals, rows = records.update(program, totals, values, positions, steps)
            return (env.final_state(), totals), rows

        xs = (jnp.arange(steps, dtype=jnp.int32), dict(sequences))
        carry: Any = (dict(state), records.start(program, batch_size, steps))
        length = self.tile_length(looped, steps, batch_size)
        body = functools.partial(_in_tiles, tile, length)
        chunk = self.remat
        if isinstance(chunk, Auto):
            chunk = chunk.chunk(steps, length, *_kept_bytes(tile, carry, xs, length))
        if isinstance(chunk, Chunk):
            whole = math.ceil(chunk.steps / length) * length
            body = functools.partial(_in_tiles, jax.checkpoint(body, prevent_cse=False), whole)
        (final, totals), rows = body(carry, xs)
        return final, records.finish(program, totals, rows, steps, fixed)

    def tile_length(self, stages: tuple[Stage, ...], steps: int, batch_size: int) -> int:
        """The number of steps of a tile."""
        if self.tile is not None:
            return min(self.tile, steps)
        handed, weights = 0.0, 0.0
        for stage in stages:
            for name in stage.writes:
                handed += _bytes(self.program.struct(self.program.written_read(name), batch_size))
            if stage.kind == "map":
                reads = {read for op in stage.heavy for read in op.inputs}
                weights += sum(_bytes(self.program.struct(read, 0)) for read in reads)
        return choose_tile(steps, handed, weights, this_device())

    def __str__(self) -> str:
        from spaic_jax.plan.describe import describe

        return describe(self)


def _bytes(struct: Any) -> float:
    return math.prod(struct.shape) * struct.dtype.itemsize


def _in_tiles(tile: Callable[[Any, Any], tuple[Any, Any]], length: int, carry: Any, xs: Any) -> tuple[Any, Any]:
    """`lax.scan` of a function of `length` steps at once, and once more of the steps that remain."""
    steps = jax.tree.leaves(xs)[0].shape[0]
    count, rest = divmod(steps, length)
    parts = []
    if count > 1:
        tiles = jax.tree.map(lambda x: x[: count * length].reshape(count, length, *x.shape[1:]), xs)
        carry, rows = jax.lax.scan(tile, carry, tiles)
        parts.append(jax.tree.map(lambda row: row.reshape(count * length, *row.shape[2:]), rows))
    single = [(0, length)] * (count == 1) + [(count * length, steps)] * (rest > 0)
    for begin, end in single:
        carry, rows = tile(carry, jax.tree.map(lambda x, begin=begin, end=end: x[begin:end], xs))
        parts.append(rows)
    return carry, jax.tree.map(lambda *part: jnp.concatenate(part) if len(part) > 1 else part[0], *parts)


def _kept_bytes(tile: Callable[[Any, Any], Any], carry: Any, xs: Any, length: int) -> tuple[float, float]:
    """Bytes that the backward pass keeps of one step, and bytes of the state."""
    one = jax.tree.map(lambda x: x[:length], xs)
    backward = jax.eval_shape(lambda carry: jax.vjp(lambda c: tile(c, one), carry)[1], carry)
    kept = sum(_bytes(leaf) for leaf in jax.tree.leaves(backward))
    return kept / length, sum(_bytes(leaf) for leaf in jax.tree.leaves(carry))
