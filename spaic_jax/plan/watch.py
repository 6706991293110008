"""When values leave what can be physical: seen while a run goes on, as a reset may hide it later."""

import math
from collections.abc import Collection, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from spaic_jax.program import Program

#: Where a variable says no limit of its own: no number of any model comes near this, in any of their units.
LARGEST = 1e12


def start(state: Mapping[str, Any]) -> dict[str, jax.Array]:
    """The number of the step after which each value was first seen beyond, by variable; -1 where it never was."""
    return {name: jnp.int32(-1) for name, x in state.items() if jnp.issubdtype(x.dtype, jnp.inexact)}


def moving(program: Program) -> frozenset[str]:
    """What the next step starts from: values that can run away. All else that is carried follows from these, and what is under
    way in a ring from what was sent; what was learned is no reset's to hide, and is looked at when a run ends."""
    others = {v.name for v in program.variables if v.ring or v.role == "plastic"}
    return (program.carried & {read for op in program.rows for read in op.inputs}) - others


def update(
    program: Program,
    seen: Mapping[str, jax.Array],
    state: Mapping[str, Any],
    position: jax.Array | int,
    names: Collection[str],
) -> dict[str, jax.Array]:
    """Look at some of what is carried after the step `position` of the run."""
    new = dict(seen)
    for name in sorted(seen.keys() & set(names)):
        first = seen[name]
        new[name] = jnp.where((first < 0) & ~_fine(program, name, state[name]).all(), position, first)
    return new


def place(program: Program, seen: Mapping[str, jax.Array], state: Mapping[str, Any]) -> jax.Array:
    """Where the variable that was beyond first is so now, int32 `[3]`: its number in `sorted(seen)`, sample and neuron.

    All are -1 where nothing was beyond, or is no more; the sample alone where the variable has none.
    """
    numbers = [(number, name) for number, name in enumerate(sorted(seen)) if name in state]
    nowhere, never = jnp.full((3,), -1, jnp.int32), jnp.int32(jnp.iinfo(jnp.int32).max)
    if not numbers:
        return nowhere

    def of(number: int, name: str) -> tuple[jax.Array, jax.Array]:
        """When a variable was beyond, if it still is, and where."""
        v, bad = program.by_name[name], ~_fine(program, name, state[name])
        at, size = bad.argmax().astype(jnp.int32), max(1, math.prod(v.shape))
        when = jnp.where((seen[name] >= 0) & bad.any(), seen[name], never)
        return when, jnp.stack([jnp.int32(number), at // size if v.batched else jnp.int32(-1), at % size])

    def found() -> jax.Array:
        # One by one: all of them side by side would take the memory of the state once more.
        when, where = (jnp.stack(each) for each in zip(*(of(*each) for each in numbers), strict=True))
        return jnp.where(when.min() < never, where[when.argmin()], nowhere)

    return jax.lax.cond(jnp.stack([seen[name] >= 0 for _, name in numbers]).any(), found, lambda: nowhere)


def _fine(program: Program, name: str, value: jax.Array) -> jax.Array:
    """Where a variable is not beyond."""
    value = jax.lax.stop_gradient(value)
    return jnp.abs(value) <= jnp.asarray(limit_of(program, name), jnp.finfo(value.dtype).dtype)


def limit_of(program: Program, name: str) -> float:
    """The largest number of a variable that is not beyond. Half precision may end below it: beyond is then what is not finite."""
    v = program.by_name[name]
    return min(v.limit or LARGEST, float(jnp.finfo(v.dtype).max))
