"""The step of a model, and its coefficients, as functions of arrays: what the rows of a program call."""

import dataclasses
from collections.abc import Hashable, Mapping
from typing import Any, Self

import jax
import jax.numpy as jnp
from jax.typing import DTypeLike

from spaic_jax.neurons.base import NeuronModel


@dataclasses.dataclass(frozen=True, repr=False)
class Equations:
    """A model without its numbers: its class and its choices.

    It is hashable and compared by value, so that two networks that differ in values of parameters only share one
    compilation.
    """

    kind: type[NeuronModel]
    choices: tuple[tuple[str, Hashable], ...]

    @classmethod
    def of(cls, model: NeuronModel) -> Self:
        """The equations of a model."""
        return cls(type(model), tuple(sorted(model.choices().items())))

    def model(self, parameters: Mapping[str, jax.Array], **known: Any) -> NeuronModel:
        """The model in a run: see `NeuronModel.in_a_run`."""
        return self.kind.in_a_run(dict(self.choices), parameters, **known)

    def __repr__(self) -> str:
        return f"{self.kind.__name__}({', '.join(f'{name}={value}' for name, value in self.choices)})"


def model_coefficients(
    *arrays: jax.Array, model: Equations, parameters: tuple[str, ...], dt: float
) -> tuple[jax.Array, ...]:
    """What follows from the parameters of a model alone: the arrays of all coefficients.

    Args:
        *arrays: the parameters.
        model: the equations.
        parameters: what the arrays are.
        dt: length of a step, ms.
    """
    return tuple(jax.tree.leaves(coefficients(model, dict(zip(parameters, arrays, strict=True)), dt)))


def coefficients(model: Equations, parameters: Mapping[str, jax.Array], dt: float) -> dict[str, Any]:
    """All coefficients of a model, by name: each an array, or arrays that belong together."""
    known = model.model(parameters, dt=dt)
    return {name: getattr(known, name) for name in known.coefficients()}


def model_step(
    *arrays: jax.Array,
    model: Equations,
    states: tuple[str, ...],
    inputs: tuple[str, ...],
    parameters: tuple[str, ...],
    coefficients: jax.tree_util.PyTreeDef,
    results: tuple[str, ...],
    dt: float,
) -> tuple[jax.Array, ...]:
    """One step of a model.

    Values of a half precision are only stored as such: the step is computed in float32, and what it gives is rounded at
    the end, each state to the precision in which it came, everything else to the lowest that came.

    Args:
        *arrays: a random key if the model draws, then the number of the step if the model is clocked, then the states and
            the inputs, `[B, *shape]`, then parameters and coefficients, `[*shape]`, or of fewer elements that broadcast, or
            a number.
        model: the equations.
        states, inputs, parameters: what the arrays are, in this order. An input of the model that is not there is zero.
        coefficients: how the arrays that are left belong together: the structure of what `coefficients` gives.
        results: names of what is wanted, in order.
        dt: length of a step, ms.
    """
    declared = model.model({})
    draws, arrays = (arrays[:1], arrays[1:]) if declared.random else ((), arrays)
    clock, arrays = (arrays[:1], arrays[1:]) if declared.clocked else ((), arrays)
    stored = {name: array.dtype for name, array in zip((*states, *inputs), arrays, strict=False)}
    halves = [dtype for dtype in stored.values() if _is_half(dtype)]
    arrays = tuple(array.astype("float32") if _is_half(array.dtype) else array for array in arrays)
    given = dict(zip(stored, arrays, strict=False))
    like = next(iter(given.values()))
    real = jnp.finfo(like.dtype).dtype if jnp.issubdtype(like.dtype, jnp.inexact) else jnp.float32
    currents = [given[name] if name in inputs else jnp.zeros(like.shape, real) for name in declared.receives]
    # One value a neuron gets a batch axis of size one, so that shapes meet without rank promotion.
    constant = [array[None] if array.ndim else array for array in arrays[len(stored):]]
    values = dict(zip(parameters, constant, strict=False))
    known = jax.tree.unflatten(coefficients, constant[len(parameters):])
    if clock:
        known["t"] = clock[0].astype(real) * jnp.asarray(dt, real)
    state = model.kind.State.of({name: given[name] for name in states})
    new = vars(model.model(values, **known, dt=dt).step(state, *currents, *draws))
    if not halves:
        return tuple(new[name] for name in results)
    return tuple(_rounded(new[name], stored[name] if name in states else halves[0]) for name in results)


def _is_half(dtype: DTypeLike) -> bool:
    return jnp.issubdtype(dtype, jnp.floating) and jnp.finfo(dtype).bits < 32


def _rounded(value: jax.Array, dtype: DTypeLike) -> jax.Array:
    return value.astype(dtype) if jnp.issubdtype(value.dtype, jnp.floating) else value
