"""A scan stage: a loop over the steps of a tile."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp

from spaic_jax.plan import ends, records
from spaic_jax.plan.outside import no_nudges, nudging, products, sources_of
from spaic_jax.plan.stage import Stage
from spaic_jax.program import Op, Program, Record
from spaic_jax.program.evaluate import evaluate

if TYPE_CHECKING:
    from spaic_jax.plan.tile import Tile


@dataclasses.dataclass(frozen=True)
class Scan(Stage):
    """Rows that need what other rows, or they themselves, gave in the step before."""

    def why(self, program: Program) -> str:
        carried = ", ".join(self.carried(program))
        return f"loops: each step needs the previous {carried}" if carried else "loops: its rows ask for it"

    def weighted(self, weights: frozenset[str]) -> tuple[Op, ...]:
        """The products whose weights no other row of the stage reads: their gradient is formed outside the loop.

        `weights` names what does not change in a run: parameters, constants, and what is made of them.
        """
        chosen = [op for op in self.heavy if not op.random and weights & set(op.inputs)]
        while True:
            # A product that is not chosen is a reader like any other.
            others = {read for op in self.ops if op not in chosen for read in op.inputs}
            alone = [op for op in chosen if not weights & set(op.inputs) & others]
            if alone == chosen:
                return tuple(chosen)
            chosen = alone

    def run(self, tile: Tile, key: Any) -> None:
        program = tile.program
        written = {name: program.written_read(name) for name in sorted(self.writes)}
        stacked = tuple(read for read in written.values() if read in tile.wanted)
        carried = self.carried(program)
        timed, fixed = tile.given(self.reads, written.values(), carried)
        state = {
            name: tile.state[name]
            for name, read in written.items()
            if name in program.carried and (name in carried or read not in stacked)
        }
        # What is kept of a value that no later stage reads is kept inside the loop, so that its steps need no place.
        seen = {name for name, read in written.items() if read not in stacked}
        kept = tuple(record for record in tile.records if record.variable in seen)
        totals = {record.name: tile.totals[record.name] for record in kept if record.name in tile.totals}
        loop = self.loop(tile, stacked, kept)
        (last, totals), (values, rows) = loop((state, totals), (timed, tile.positions), fixed, key)
        tile.last |= last
        tile.kept |= totals | rows
        tile.timed |= values


    def loop(self, tile: Tile, stacked: tuple[str, ...], kept: tuple[Record, ...]) -> Loop:
        """Its loop over a tile: see `Loop`."""
        return Loop(tile, self.ops, self.weighted(tile.real_weights), stacked, kept)


@dataclasses.dataclass(frozen=True)
class Loop:
    """The loop of a scan stage as a function of arrays, with its derivative.

    Attributes:
        tile: what the steps belong to.
        ops: the rows of a step.
        weighted: the products among them whose weights have their gradient formed outside: see `outside`.
        stacked: the reads whose every step is wanted.
        kept: the records that the loop itself keeps.
    """

    tile: Tile
    ops: tuple[Op, ...]
    weighted: tuple[Op, ...]
    stacked: tuple[str, ...]
    kept: tuple[Record, ...]

    def __call__(self, carry: Any, timed: Any, fixed: Mapping[str, Any], key: Any) -> Any:
        """Run the loop.

        Args:
            carry: the states whose previous or last value is wanted, and the totals of the records.
            timed: what the rows read from outside that changes with time, `[K, ...]`, and the positions.
            fixed: what the rows read from outside that stays.
            key: random key of the run.

        Returns:
            The carry after the last step, the stacked reads `[K, ...]` and the rows of the records.
        """
        inputs = {read for op in self.weighted for read in op.inputs if read in self.tile.weights}
        weights = {name: fixed[name] for name in sorted(inputs) if jnp.issubdtype(fixed[name].dtype, jnp.inexact)}
        rest = {name: value for name, value in fixed.items() if name not in weights}
        if not weights:
            return self._steps((), carry, timed, rest, {}, key)[0]

        @jax.custom_jvp
        def loop(carry: Any, timed: Any, rest: Any, weights: Any, key: Any) -> Any:
            return self._steps((), carry, timed, rest, weights, key)[0]

        @loop.defjvp
        def loop_jvp(primals: Any, tangents: Any) -> Any:
            carry, timed, rest, weights, key = primals

            def unweighted(carry: Any, timed: Any, rest: Any, nudges: Any) -> Any:
                values, positions = timed
                return self._steps(self.weighted, carry, (values | nudges, positions), rest, weights, key)

            nudges = no_nudges(self.tile.program, self.weighted, self.tile.positions.shape[0], self.tile.batch_size)
            out, linear, sources = jax.linearize(unweighted, carry, timed, rest, nudges, has_aux=True)
            others = {name: value for name, value in rest.items() if name in self.tile.weights}
            _, nudges = jax.jvp(lambda w: products(self.weighted, sources, {**others, **w}), (weights,), (tangents[3],))
            return out, linear(*tangents[:3], nudges)

        return loop(carry, timed, rest, weights, key)

    def _steps(
        self, weighted: tuple[Op, ...], carry: Any, timed: Any, rest: Mapping[str, Any], weights: Mapping[str, Any], key: Any
    ) -> tuple[Any, dict[str, Any]]:
        """The loop itself, with the nudges of some products; also what these have read in every step beside the weights."""
        tile, program, ops = self.tile, self.tile.program, tuple(map(nudging(weighted), self.ops))

        def step(carry: Any, x: Any) -> tuple[Any, Any]:
            (state, totals), (values, position) = carry, x
            env = evaluate(program, ops, {**rest, **weights, **state, **values}, key)
            seen = {read: env[read][None] for read in {program.recorded_read(record.variable) for record in self.kept}}
            there = values[ends.THERE][None] if ends.THERE in values else None
            totals, rows = records.update(program, self.kept, totals, seen, position[None], tile.span, there)
            new = ends.staying(program, values, {name: env[program.written_read(name)] for name in state}, state)
            stacked = {read: env[read] for read in self.stacked}
            sources = {read: env[read] for read in sources_of(weighted, tile.weights)}
            return (new, totals), ((stacked, jax.tree.map(lambda row: row[0], rows)), sources)

        if tile.recompute:
            step = jax.checkpoint(step, prevent_cse=False)
        last, (stacked, sources) = jax.lax.scan(step, carry, timed)
        return (last, stacked), sources
