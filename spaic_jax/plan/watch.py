"""When values leave what can be physical: seen while a run goes on, as a reset may hide it later."""

from collections.abc import Collection, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from spaic_jax.program import Program

#: No potential, current, conductance or concentration of any model comes near this, in any of their units.
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
    seen: Mapping[str, jax.Array], state: Mapping[str, Any], position: jax.Array | int, names: Collection[str]
) -> dict[str, jax.Array]:
    """Look at some of what is carried after the step `position` of the run."""
    new = dict(seen)
    for name in sorted(seen.keys() & set(names)):
        first, value = seen[name], jax.lax.stop_gradient(state[name])
        fine = (jnp.abs(value) <= jnp.asarray(limit_of(value.dtype), jnp.finfo(value.dtype).dtype)).all()
        new[name] = jnp.where((first < 0) & ~fine, position, first)
    return new


def limit_of(dtype: Any) -> float:
    """The largest number that is not beyond. Half precision ends below it, so that beyond is what is not finite."""
    return min(LARGEST, float(jnp.finfo(dtype).max))
