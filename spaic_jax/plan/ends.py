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


def where(there: jax.Array, new: Any, old: Any) -> Any:
    """Values of the samples that are there, and others of those that are not; `there` has the first axes of both."""
    return jnp.where(there.reshape(*there.shape, *(1,) * (new.ndim - there.ndim)), new, old)


def staying(program: Program, now: Mapping[str, Any], new: dict[str, Any], old: Mapping[str, Any]) -> dict[str, Any]:
    """States after a step, those of samples that are over as they were before it.

    Args:
        program: what the step does.
        now: the reads of the step, among them `THERE` where lengths were given.
        new, old: states after the step, and before it.
    """
    if THERE not in now:
        return new
    batched = {name for name in new if program.by_name[name].batched}
    return {name: where(now[THERE], x, old[name]) if name in batched else x for name, x in new.items()}


def at_end(rows: Any, there: jax.Array, old: Any) -> Any:
    """The last of the rows `[K, B, ...]` that each sample has; what was before them where it has none."""
    count = there.sum(0, dtype=jnp.int32)
    index = jnp.maximum(count - 1, 0).reshape(1, -1, *(1,) * (rows.ndim - 2))
    return where(count > 0, jnp.take_along_axis(rows, index, axis=0)[0], old)
