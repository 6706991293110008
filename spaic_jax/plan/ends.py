"""Samples of different length in one batch: after its end a sample stays as it is, while the others go on."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from spaic_jax.program import Program

#: The read that says which samples are not over in a step, `[B]`; it is there only where lengths were given.
THERE = "[there]"


def there(positions: jax.Array, lengths: jax.Array | None) -> dict[str, jax.Array]:
    """Which samples have which steps, `[K, B]` for positions `[K]`, under its read; nothing where all have all of them."""
    return {} if lengths is None else {THERE: positions[:, None] < lengths[None]}


def of(there: jax.Array, samples: bool) -> jax.Array:
    """Which samples are there, `[K, B]`, for what has samples; for anything else whether one is, `[K]`."""
    return there if samples else there.any(1)


def where(there: jax.Array, new: Any, old: Any) -> Any:
    """Values of the samples that are there, and others of those that are not; `there` has the first axes of both."""
    return jnp.where(there.reshape(*there.shape, *(1,) * (new.ndim - there.ndim)), new, old)


def staying(program: Program, now: Mapping[str, Any], new: dict[str, Any], old: Mapping[str, Any]) -> dict[str, Any]:
    """States after a step, those of samples that are over as they were before it, and those of all samples once all are over.

    Args:
        program: what the step does.
        now: the reads of the step, among them `THERE` where lengths were given.
        new, old: states after the step, and before it.
    """
    if THERE not in now:
        return new
    there, some = now[THERE], now[THERE].any()
    return {name: where(there if program.by_name[name].batched else some, x, old[name]) for name, x in new.items()}


def at_end(program: Program, name: str, rows: Any, there: jax.Array, old: Any) -> Any:
    """The state after the last of the rows `[K, ...]` that each sample has, `there` `[K, B]`; that before them where it has none."""
    if not program.by_name[name].batched:
        count = there.any(1).sum(dtype=jnp.int32)
        return jnp.where(count > 0, rows[jnp.maximum(count - 1, 0)], old)
    count = there.sum(0, dtype=jnp.int32)
    index = jnp.maximum(count - 1, 0).reshape(1, -1, *(1,) * (rows.ndim - 2))
    return where(count > 0, jnp.take_along_axis(rows, index, axis=0)[0], old)
