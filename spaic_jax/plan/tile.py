"""The values of one tile while its stages are carried out."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from spaic_jax.plan import ends, records
from spaic_jax.plan.records import Span
from spaic_jax.plan.stage import BEFORE
from spaic_jax.program import Program, Record
from spaic_jax.program.op import UPDATED


@dataclasses.dataclass(eq=False)
class Tile:
    """What is known of a tile so far: reads by name, `[K, ...]` where they change with time.

    It lives only while a tile is traced; nothing of it outlasts that.

    Attributes:
        program: what one step does.
        wanted: the reads whose every step is wanted outside the stage that writes them.
        fixed: what stays the same for the run, by read.
        state: what is carried from step to step, before the tile.
        totals: what the records keep, before the tile.
        records: the records that look at it.
        weights: what stays the same for the run and is no input: the gradient of products with it is formed outside loops.
        timed: what changes with time.
        positions: the numbers of the steps in the run, `[K]`.
        span: the steps of the run, as its records see them.
        batch_size: B.
        recompute: whether the backward pass computes each step again instead of keeping what it needs of it.
        last: what is carried after the tile, as far as known.
        kept: totals and rows of the records that a loop has kept itself, by name.
    """

    program: Program
    wanted: frozenset[str]
    fixed: Mapping[str, Any]
    state: Mapping[str, Any]
    totals: Mapping[str, Any]
    records: tuple[Record, ...]
    weights: frozenset[str]
    timed: dict[str, Any]
    positions: jax.Array
    span: Span
    batch_size: int
    recompute: bool = False
    last: dict[str, Any] = dataclasses.field(default_factory=dict)
    kept: dict[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def real_weights(self) -> frozenset[str]:
        """The weights that are real numbers, and so may have a gradient."""
        there = (name for name in self.weights if name in self.fixed)
        return frozenset(name for name in there if jnp.issubdtype(self.fixed[name].dtype, jnp.inexact))

    def get(self, read: str) -> tuple[Any, bool]:
        """The value of a read, and whether it has a time axis."""
        if read in self.timed:
            return self.timed[read], True
        if read in self.fixed:
            return self.fixed[read], False
        if read.endswith(BEFORE):
            return self.state[read.removesuffix(BEFORE)], False
        if read not in self.program.written:
            return self.state[read], False
        # The previous step's value of a state that an earlier stage wrote: a shift by one step.
        now = self.stacked(read + UPDATED)
        self.timed[read] = jnp.concatenate([self.state[read][None], now[:-1]])
        return self.timed[read], True

    def stacked(self, read: str) -> Any:
        """The value of a read with a time axis."""
        value, timed = self.get(read)
        return value if timed else jnp.broadcast_to(value[None], (*self.positions.shape, *value.shape))

    def given(
        self, reads: Iterable[str], written: Iterable[str], carried: Iterable[str] = ()
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """What a stage reads from outside: what changes with time, and what does not.

        Args:
            reads: all that its rows read.
            written: the reads that its own rows write.
            carried: what it carries from step to step itself.
        """
        # What other stages have written of the names that this one writes too joins the sum.
        shared = {read for read in written if read in self.timed or read in self.fixed}
        timed: dict[str, Any] = {read: self.timed[read] for read in ("[position]", ends.THERE) if read in self.timed}
        fixed: dict[str, Any] = {}
        for read in sorted((set(reads) - {*written, *carried}) | shared):
            value, has_time = self.get(read)
            (timed if has_time else fixed)[read] = value
        return timed, fixed

    def recorded(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """What the records keep after the tile, and the rows of its steps of those that keep every one."""
        rest = [record for record in self.records if record.name not in self.kept]
        seen = {read: self.stacked(read) for read in {self.program.recorded_read(record.variable) for record in rest}}
        totals, rows = records.update(self.program, rest, self.totals, seen, self.positions, self.span, self.timed.get(ends.THERE))
        for name, value in self.kept.items():
            (totals if name in self.totals else rows)[name] = value
        return totals, rows

    def final_state(self) -> dict[str, Any]:
        """What is carried after the last step of the tile, or of each sample where it ends in it."""
        new, there = {}, self.timed.get(ends.THERE)
        for name, old in self.state.items():
            if name in self.last:
                new[name] = self.last[name]
            elif name in self.program.written:
                value, timed = self.get(name + UPDATED)
                new[name] = value[-1] if timed else value
                if there is not None:
                    new[name] = ends.at_end(self.program, name, self.stacked(name + UPDATED), there, old)
            else:
                new[name] = old
        return new


def cut(steps: int, length: int) -> tuple[tuple[int, int], ...]:
    """The lengths of the tiles of so many steps, each with the number of tiles of it.

    >>> cut(50, 20)
    ((20, 2), (10, 1))
    """
    count, rest = divmod(steps, length)
    return tuple((size, times) for size, times in ((length, count), (rest, 1)) if size * times)


def in_tiles(tile: Callable[[Any, Any], tuple[Any, Any]], length: int, carry: Any, xs: Any) -> tuple[Any, Any]:
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
