"""What a loss says of each step: the derivative with respect to a variable, from that with respect to what is kept of it."""

from collections.abc import Iterable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from spaic_jax.program import Last, Mean, Record, Steps


def by_step(records: Iterable[Record], slopes: Mapping[str, Any], steps: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """The derivatives with respect to records: those that differ from step to step, `[T, ...]`, and those that do not.

    Args:
        records: what is kept, without its finish.
        slopes: the derivatives, by name of the record.
        steps: number of steps of the run.
    """
    timed, held = {}, {}
    for record in records:
        slope, kept = slopes[record.name], record.steps.of(steps)
        if record.reduce is not None:
            held[record.name] = slope / len(kept) if isinstance(record.reduce, Mean) else slope
        elif record.steps == Steps() and record.bins == 1:
            timed[record.name] = slope
        else:
            sizes = [min(record.bins, len(kept) - i) for i in range(0, len(kept), record.bins)]
            rows = jnp.repeat(jnp.arange(len(sizes)), jnp.asarray(sizes), total_repeat_length=len(kept))
            share = jnp.asarray(sizes, slope.dtype)[rows].reshape(-1, *(1,) * (slope.ndim - 1))
            empty = jnp.zeros((steps, *slope.shape[1:]), slope.dtype)
            timed[record.name] = empty.at[jnp.asarray(kept)].set(slope[rows] / share)
    return timed, held


def of_step(record: Record, slope: Any, value: jax.Array, number: jax.Array, steps: int) -> jax.Array:
    """The derivative with respect to a variable in one step.

    Args:
        record: what is kept of it.
        slope: the row of `by_step` for this step.
        value: the variable.
        number: the number of the step in the run.
        steps: number of steps of the run.
    """
    kept = record.steps.of(steps)
    if isinstance(record.reduce, Last):
        slope = jnp.where(number == kept[-1], slope, jnp.zeros_like(slope))
    elif record.reduce is not None and record.steps != Steps():
        inside = (number >= kept.start) & (number < kept.stop) & (jnp.mod(number - kept.start, kept.step) == 0)
        slope = jnp.where(inside, slope, jnp.zeros_like(slope))
    if record.transform is None:
        return slope.astype(value.dtype)
    seen, back = jax.vjp(record.transform, value)
    (moved,) = back(slope.astype(seen.dtype))
    return moved
