"""What records keep as a run goes on: totals of the reduced ones, rows of the stacked ones."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from spaic_jax.program import Program, Record


def _seen(record: Record, value: Any) -> Any:
    return value if record.transform is None else record.transform(value)


def start(program: Program, batch_size: int) -> dict[str, Any]:
    """The totals of the reduced records before the first step."""
    totals = {}
    for record in program.records:
        if record.reduce is not None:
            value = program.struct(program.recorded_read(record.variable), batch_size)
            seen = jax.eval_shape(lambda v, record=record: _seen(record, v), value)
            totals[record.name] = record.reduce.init(jnp.zeros(seen.shape, seen.dtype))
    return totals


def update(
    program: Program, totals: Mapping[str, Any], values: Mapping[str, Any], positions: jax.Array, steps: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Take in some steps of the run's `steps`: `values` by read, time first; `positions` numbers them.

    Returns the new totals and the rows of these steps.
    """
    new, rows = {}, {}
    for record in program.records:
        seen = jax.vmap(lambda v, record=record: _seen(record, v))(values[program.recorded_read(record.variable)])
        if record.reduce is None:
            rows[record.name] = seen
        else:
            new[record.name] = record.reduce.update(totals[record.name], seen, positions, steps)
    return new, rows


def finish(program: Program, totals: Mapping[str, Any], rows: Mapping[str, Any], steps: int) -> dict[str, Any]:
    """The records after all steps, by name."""
    kept = {}
    for record in program.records:
        if record.reduce is None:
            value = rows[record.name][:: record.every]
        else:
            value = record.reduce.finish(totals[record.name], steps)
        kept[record.name] = value if record.finish is None else record.finish(value)
    return kept
