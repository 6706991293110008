"""When values leave what can be physical: seen while a run goes on, as a reset may hide it later."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

#: No potential, current, conductance or concentration of any model comes near this, in any of their units.
LARGEST = 1e12


def start(state: Mapping[str, Any]) -> dict[str, jax.Array]:
    """The number of the step after which each value was first seen beyond, by variable; -1 where it never was."""
    return {name: jnp.int32(-1) for name, x in state.items() if jnp.issubdtype(x.dtype, jnp.inexact)}


def update(seen: Mapping[str, jax.Array], state: Mapping[str, Any], position: jax.Array) -> dict[str, jax.Array]:
    """Look at what is carried after the step `position` of the run."""
    new = {}
    for name, first in seen.items():
        value = jax.lax.stop_gradient(state[name])
        # Half precision ends below the limit, so that beyond it is what is not finite.
        limit = min(LARGEST, float(jnp.finfo(value.dtype).max))
        fine = (jnp.abs(value) <= jnp.asarray(limit, jnp.finfo(value.dtype).dtype)).all()
        new[name] = jnp.where((first < 0) & ~fine, position, first)
    return new
