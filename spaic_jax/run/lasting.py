"""What goes on from one presentation to the next, of variables that otherwise start afresh."""

import dataclasses
from collections.abc import Mapping

import jax
import jax.numpy as jnp

from spaic_jax.program import Program
from spaic_jax.program.variable import Variable
from spaic_jax.run.variables import Variables


def lasting_variables(program: Program) -> tuple[Variable, ...]:
    """Plastic values, and the states that stay, as one sample has them."""
    staying = (dataclasses.replace(v, batched=False) for v in program.of_role("state") if v.stay)
    return (*program.of_role("plastic"), *staying)


def lasting(program: Program, variables: Variables) -> dict[str, jax.Array]:
    """The values that go on, by full name; of a state that each sample has for itself, the mean over the samples."""
    values = dict(variables.plastic)
    for v in program.of_role("state"):
        if v.stay:
            x = variables.state[v.name]
            values[v.name] = _mean(x) if v.batched else x
    return values


def going_on(program: Program, fresh: Variables, values: Mapping[str, jax.Array]) -> Variables:
    """Variables that start afresh, but for the values that go on, which all samples have alike."""
    state = dict(fresh.state)
    for v in program.of_role("state"):
        if v.stay:
            state[v.name] = jnp.broadcast_to(values[v.name], fresh.state[v.name].shape)
    return dataclasses.replace(fresh, plastic={name: values[name] for name in fresh.plastic}, state=state)


def _mean(x: jax.Array) -> jax.Array:
    """The mean over samples; the one sample's own bits where there is one, and the nearest of whole numbers."""
    if len(x) == 1:
        return x[0]
    mean = jnp.mean(x, 0, dtype=jnp.promote_types(x.dtype, "float32"))
    return (mean if jnp.issubdtype(x.dtype, jnp.inexact) else jnp.round(mean)).astype(x.dtype)
