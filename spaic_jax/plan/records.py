"""What records keep as a run goes on: totals of the reduced ones, samples and rows of the stacked ones."""

import functools
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from spaic_jax.plan import ends
from spaic_jax.plan.base import Piece
from spaic_jax.program import Program, Record, Steps


class Chosen(NamedTuple):
    """The steps that a record looks at: `count` of them, each `step`-th from `start` on; `room` is the most they can be."""

    start: Any
    step: int
    count: Any
    room: int


class Span(NamedTuple):
    """The steps of a run, or of a piece of one, as its records see them; `lengths` are those of each sample, where they differ."""

    steps: int
    piece: Piece | None = None
    lengths: jax.Array | None = None

    def of(self, record: Record) -> Chosen:
        """Those that a record looks at."""
        look = None if self.piece is None else self.piece.looks.get(record.name)
        if look is None:
            kept = record.steps.of(self.steps)
            return Chosen(kept.start, kept.step, len(kept), len(kept))
        return Chosen(look.start, record.steps.every, look.size, -(-self.steps // record.steps.every))

    def update(self, record: Record, total: Any, values: Any, positions: jax.Array, there: jax.Array | None = None) -> Any:
        """The total of a record that reduces after some steps, `positions` of this span."""
        assert record.reduce is not None
        if there is not None:
            return record.reduce.update_there(total, values, positions, self.steps, there)
        if self.piece is None:
            return record.reduce.update(total, values, positions, self.steps)
        return record.reduce.update(total, values, self.piece.done + positions, self.piece.whole)


def first_total(program: Program, record: Record, batch_size: int) -> Any:
    """What a record that reduces begins with."""
    assert record.reduce is not None
    seen = seen_struct(program, record, batch_size)
    return record.reduce.init(jnp.zeros(seen.shape, seen.dtype))


def seen_struct(program: Program, record: Record, batch_size: int) -> jax.ShapeDtypeStruct:
    """Shape and dtype of what a record sees of one step."""
    value = program.struct(program.recorded_read(record.variable), batch_size)
    seen: jax.ShapeDtypeStruct = jax.eval_shape(lambda v: _seen(record, v), value)
    return seen


def _seen(record: Record, value: Any) -> Any:
    if record.kind == "health":
        # No loss depends on it; said here, no derivative of it is computed on the way.
        value = jax.lax.stop_gradient(value)
    return value if record.transform is None else record.transform(value)


def _rows(program: Program, record: Record, values: Any, there: jax.Array | None = None) -> Any:
    """What a record sees of some steps; of the samples that are over in one, zeros, and of what is not of samples once all are."""

    def cut(rows: Any, of_samples: bool) -> Any:
        return rows if there is None else ends.where(ends.of(there, of_samples), rows, jnp.zeros_like(rows))

    of_samples, seen_of_samples = (False, False) if there is None else per_sample(program, record)
    rows = jax.vmap(lambda value: _seen(record, value))(cut(values, of_samples))
    return rows if record.transform is None else cut(rows, seen_of_samples)


@functools.lru_cache(maxsize=256)
def per_sample(program: Program, record: Record) -> tuple[bool, bool]:
    """Whether the variable of a record has a batch axis in front, and whether what the record sees of it has."""
    read, sizes = program.recorded_read(record.variable), (2, 3)
    values = [program.struct(read, size).shape[:1] == (size,) for size in sizes]
    seen = [seen_struct(program, record, size).shape[:1] == (size,) for size in sizes]
    return all(values), all(values) and all(seen)


def start(program: Program, batch_size: int, span: Span) -> dict[str, Any]:
    """What the records keep of a run before its first step, but for rows of every step.

    Raises:
        ValueError: a record that looks at none of the steps.
    """
    totals = {}
    for record in program.kept:
        look = None if span.piece is None else span.piece.looks.get(record.name)
        chosen = span.of(record)
        if not chosen.room:
            raise ValueError(f"'{record.name}' looks at no step of a run of {span.steps} steps.")
        if record.reduce is not None:
            totals[record.name] = first_total(program, record, batch_size) if look is None else look.total
        elif record.steps != Steps():
            seen = seen_struct(program, record, batch_size)
            totals[record.name] = jnp.zeros((chosen.room, *seen.shape), seen.dtype)
    return totals


def update(
    program: Program,
    kept: Iterable[Record],
    totals: Mapping[str, Any],
    values: Mapping[str, Any],
    positions: jax.Array,
    span: Span,
    there: jax.Array | None = None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Take in some steps of a span: `values` by read, time first; `positions` numbers them in it; `there` says which samples
    are not over in them, `[K, B]`.

    Returns the new totals of the records `kept`, and the rows of those that stack every step.
    """
    new, rows = {}, {}
    for record in kept:
        value = values[program.recorded_read(record.variable)]
        if record.name not in totals:
            rows[record.name] = _rows(program, record, value, there)
        elif record.reduce is None:
            new[record.name] = _sample(program, record, totals[record.name], value, positions, span.of(record), there)
        elif record.steps == Steps():
            seen = _rows(program, record, value, there)
            new[record.name] = span.update(record, totals[record.name], seen, positions, _counted(program, record, there))
        else:
            new[record.name] = _reduce_some(program, record, totals[record.name], value, positions, span, there)
    return new, rows


def _counted(program: Program, record: Record, there: jax.Array | None) -> jax.Array | None:
    """Which samples are there, as far as a record sees them."""
    return None if there is None else ends.of(there, per_sample(program, record)[1])


def _sample(
    program: Program, record: Record, samples: Any, values: Any, positions: jax.Array, chosen: Chosen, there: jax.Array | None
) -> Any:
    """The samples with those of these steps in their places; only the steps that count are looked at."""
    length = values.shape[0]
    first = jnp.mod(chosen.start - positions[0], chosen.step)
    local = first + chosen.step * jnp.arange(-(-length // chosen.step), dtype=jnp.int32)
    place = (positions[0] + local - chosen.start) // chosen.step
    # What lies outside of these steps or of the samples goes to a place that is not there, and is dropped.
    inside = (local < length) & (place >= 0) & (place < chosen.count)
    local = jnp.minimum(local, length - 1)
    rows = _rows(program, record, values[local], None if there is None else there[local])
    return samples.at[jnp.where(inside, place, chosen.room)].set(rows, mode="drop")


def _reduce_some(
    program: Program, record: Record, total: Any, values: Any, positions: jax.Array, span: Span, there: jax.Array | None
) -> Any:
    """The total with those of these steps that count, one by one."""
    chosen, rows = span.of(record), _rows(program, record, values, there)

    def step(total: Any, x: tuple[Any, jax.Array, jax.Array | None]) -> tuple[Any, None]:
        row, position, seen = x
        place = (position - chosen.start) // chosen.step
        counts = (place >= 0) & (place < chosen.count) & (jnp.mod(position - chosen.start, chosen.step) == 0)
        moved = span.update(record, total, row[None], position[None], None if seen is None else seen[None])
        return jax.tree.map(lambda new, old: jnp.where(counts, new, old), moved, total), None

    return jax.lax.scan(step, total, (rows, positions, _counted(program, record, there)))[0]


def finish(
    program: Program, totals: Mapping[str, Any], rows: Mapping[str, Any], span: Span, fixed: Mapping[str, Any]
) -> dict[str, Any]:
    """The records after all steps, by name; `fixed` is what does not change in a run. Those of a piece are not finished."""
    raw = {record.name: totals[record.name] if record.name in totals else rows[record.name] for record in program.kept}
    if span.piece is not None:
        return raw
    done = {record.name: finished(record, raw[record.name], _count(program, record, span), fixed) for record in program.kept}
    if span.lengths is None:
        return done
    there = ends.there(jnp.arange(span.steps, dtype=jnp.int32), span.lengths)[ends.THERE]
    for record in program.kept:
        value = done[record.name]
        if record.reduce is None and record.finish is not None:
            done[record.name] = ends.where(there, value, jnp.zeros_like(value))
        elif record.bins > 1:
            kept, counted = record.steps.of(span.steps), ends.of(there, per_sample(program, record)[1])
            share = binned(counted[kept.start : kept.stop : kept.step].astype(value.dtype), record.bins)
            done[record.name] = value / jnp.where(share > 0, share, 1).reshape(*share.shape, *(1,) * (value.ndim - share.ndim))
    return done


def _count(program: Program, record: Record, span: Span) -> Any:
    """How many steps a record has looked at: of each sample where they differ, in an array that goes with what it sees."""
    if span.lengths is None:
        return len(record.steps.of(span.steps))
    of_samples, seen_of_samples = per_sample(program, record)
    lengths = span.lengths if of_samples else span.lengths.max(keepdims=True)
    stop = lengths if record.steps.stop is None else jnp.minimum(lengths, record.steps.stop)
    counts = jnp.maximum(-(-(stop - record.steps.start) // record.steps.every), 0)
    if not seen_of_samples:
        return counts.mean()
    return jnp.maximum(counts, 1).reshape(-1, *(1,) * (len(seen_struct(program, record, 1).shape) - 1))


def finished(record: Record, value: Any, count: int, fixed: Mapping[str, Any]) -> Any:
    """A record from its total or rows of `count` steps that it has looked at."""
    if record.reduce is not None:
        value = record.reduce.finish(value, count)
    elif record.bins > 1:
        value = binned(value, record.bins)
    return record.finished(value, fixed)


def binned(rows: Any, size: int) -> Any:
    """The means of bins of so many rows, and of the rows that are left over."""
    whole = rows.shape[0] // size * size
    bins = rows[:whole].reshape(-1, size, *rows.shape[1:]).mean(1)
    return bins if whole == rows.shape[0] else jnp.concatenate([bins, rows[whole:].mean(0, keepdims=True)])
