"""What records keep as a run goes on: totals of the reduced ones, samples and rows of the stacked ones."""

from collections.abc import Iterable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from spaic_jax.program import Program, Record, Steps


def _seen(record: Record, value: Any) -> Any:
    if record.kind == "health":
        # No loss depends on it; said here, no derivative of it is computed on the way.
        value = jax.lax.stop_gradient(value)
    return value if record.transform is None else record.transform(value)


def _rows(record: Record, values: Any) -> Any:
    return jax.vmap(lambda value: _seen(record, value))(values)


def start(program: Program, batch_size: int, steps: int) -> dict[str, Any]:
    """What the records keep of a run of `steps` steps before the first one, but for rows of every step.

    Raises:
        ValueError: a record that looks at none of the steps.
    """
    totals = {}
    for record in program.kept:
        kept = record.steps.of(steps)
        if not kept:
            raise ValueError(f"'{record.name}' looks at no step of a run of {steps} steps.")
        value = program.struct(program.recorded_read(record.variable), batch_size)
        seen = jax.eval_shape(lambda v, record=record: _seen(record, v), value)
        if record.reduce is not None:
            totals[record.name] = record.reduce.init(jnp.zeros(seen.shape, seen.dtype))
        elif record.steps != Steps():
            totals[record.name] = jnp.zeros((len(kept), *seen.shape), seen.dtype)
    return totals


def update(
    program: Program,
    kept: Iterable[Record],
    totals: Mapping[str, Any],
    values: Mapping[str, Any],
    positions: jax.Array,
    steps: int,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Take in some steps of the run's `steps`: `values` by read, time first; `positions` numbers them in the run.

    Returns the new totals of the records `kept`, and the rows of those that stack every step.
    """
    new, rows = {}, {}
    for record in kept:
        value = values[program.recorded_read(record.variable)]
        if record.name not in totals:
            rows[record.name] = _rows(record, value)
        elif record.reduce is None:
            new[record.name] = _sample(record, totals[record.name], value, positions, steps)
        elif record.steps == Steps():
            new[record.name] = record.reduce.update(totals[record.name], _rows(record, value), positions, steps)
        else:
            new[record.name] = _reduce_some(record, totals[record.name], value, positions, steps)
    return new, rows


def _sample(record: Record, samples: Any, values: Any, positions: jax.Array, steps: int) -> Any:
    """The samples with those of these steps in their places; only the steps that count are looked at."""
    kept, length = record.steps.of(steps), values.shape[0]
    first = jnp.mod(kept.start - positions[0], kept.step)
    local = first + kept.step * jnp.arange(-(-length // kept.step), dtype=jnp.int32)
    place = (positions[0] + local - kept.start) // kept.step
    # What lies outside of these steps or of the samples goes to a place that is not there, and is dropped.
    inside = (local < length) & (place >= 0) & (place < len(kept))
    rows = _rows(record, values[jnp.minimum(local, length - 1)])
    return samples.at[jnp.where(inside, place, len(kept))].set(rows, mode="drop")


def _reduce_some(record: Record, total: Any, values: Any, positions: jax.Array, steps: int) -> Any:
    """The total with those of these steps that count, one by one."""
    kept, reduction = record.steps.of(steps), record.reduce
    assert reduction is not None

    def step(total: Any, x: tuple[Any, jax.Array]) -> tuple[Any, None]:
        value, position = x
        counts = (position >= kept.start) & (position < kept.stop) & (jnp.mod(position - kept.start, kept.step) == 0)
        moved = reduction.update(total, _seen(record, value)[None], position[None], steps)
        return jax.tree.map(lambda new, old: jnp.where(counts, new, old), moved, total), None

    return jax.lax.scan(step, total, (values, positions))[0]


def finish(
    program: Program, totals: Mapping[str, Any], rows: Mapping[str, Any], steps: int, fixed: Mapping[str, Any]
) -> dict[str, Any]:
    """The records after all steps, by name; `fixed` is what does not change in a run."""
    kept = {}
    for record in program.kept:
        value = totals[record.name] if record.name in totals else rows[record.name]
        if record.reduce is not None:
            value = record.reduce.finish(value, len(record.steps.of(steps)))
        elif record.bins > 1:
            value = _binned(value, record.bins)
        kept[record.name] = record.finished(value, fixed)
    return kept


def _binned(rows: Any, size: int) -> Any:
    """The means of bins of so many rows, and of the rows that are left over."""
    whole = rows.shape[0] // size * size
    bins = rows[:whole].reshape(-1, size, *rows.shape[1:]).mean(1)
    return bins if whole == rows.shape[0] else jnp.concatenate([bins, rows[whole:].mean(0, keepdims=True)])
