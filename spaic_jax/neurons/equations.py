"""The step of a model, and its coefficients, as functions of arrays: what the rows of a program call."""

import dataclasses
from collections.abc import Hashable
from types import SimpleNamespace
from typing import Any, Self

import jax
import jax.numpy as jnp

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

    def model(self) -> NeuronModel:
        """A model with these equations; the values of its parameters mean nothing."""
        return self.kind(**dict(self.choices))

    def namespace(self, values: dict[str, Any]) -> SimpleNamespace:
        """What a model reads as `p`: its parameters, `None` where one has no value, and what else there is."""
        return SimpleNamespace(**{**dict.fromkeys(self.kind.parameter_fields()), **values})

    def __repr__(self) -> str:
        return f"{self.kind.__name__}({', '.join(f'{name}={value}' for name, value in self.choices)})"


def model_coefficients(
    *arrays: jax.Array, model: Equations, parameters: tuple[str, ...], results: tuple[str, ...], dt: float
) -> tuple[jax.Array, ...]:
    """What follows from the parameters of a model alone.

    Args:
        *arrays: the parameters.
        model: the equations.
        parameters: what the arrays are.
        results: names of the coefficients that are wanted, in order.
        dt: length of a step, ms.
    """
    values = coefficients(model, dict(zip(parameters, arrays, strict=True)), dt)
    return tuple(values[name] for name in results)


def coefficients(model: Equations, parameters: dict[str, jax.Array], dt: float) -> dict[str, jax.Array]:
    """All coefficients of a model, by name."""
    return model.model().coefficients(model.namespace(parameters), dt)


def model_step(
    *arrays: jax.Array,
    model: Equations,
    states: tuple[str, ...],
    inputs: tuple[str, ...],
    parameters: tuple[str, ...],
    results: tuple[str, ...],
    dt: float,
) -> tuple[jax.Array, ...]:
    """One step of a model.

    Values of a half precision are only stored as such: the step is computed in float32, and what it gives is rounded at
    the end, each state to the precision in which it came, everything else to the lowest that came.

    Args:
        *arrays: a random key if the model draws, then the states and the inputs, `[B, *shape]`, then parameters and
            coefficients, `[*shape]`, or of fewer elements that broadcast, or a number.
        model: the equations.
        states, inputs, parameters: what the arrays are, in this order. An input of the model that is not there is zero.
        results: names of what is wanted, in order.
        dt: length of a step, ms.
    """
    equations = model.model()
    draws, arrays = (arrays[:1], arrays[1:]) if equations.random else ((), arrays)
    given = dict(zip((*states, *inputs, *parameters), arrays, strict=True))
    stored = {name: given[name].dtype for name in (*states, *inputs)}
    halves = [dtype for dtype in stored.values() if _is_half(dtype)]
    given = {name: array.astype("float32") if _is_half(array.dtype) else array for name, array in given.items()}
    like = next(given[name] for name in stored)
    real = jnp.finfo(like.dtype).dtype if jnp.issubdtype(like.dtype, jnp.inexact) else jnp.float32
    currents = {name: given[name] if name in inputs else jnp.zeros(like.shape, real) for name in equations.receives}
    current = SimpleNamespace(**currents) if len(currents) > 1 else next(iter(currents.values()))
    state = SimpleNamespace(**{name: given[name] for name in states})
    # One value a neuron gets a batch axis of size one, so that shapes meet without rank promotion.
    p = {name: given[name][None] if given[name].ndim else given[name] for name in parameters}
    values = equations.step(model.namespace(p | {"dt": dt}), state, current, *draws)
    if not halves:
        return tuple(values[name] for name in results)
    return tuple(_rounded(values[name], stored[name] if name in states else halves[0]) for name in results)


def _is_half(dtype: Any) -> bool:
    return jnp.issubdtype(dtype, jnp.floating) and jnp.finfo(dtype).bits < 32


def _rounded(value: jax.Array, dtype: Any) -> jax.Array:
    return value.astype(dtype) if jnp.issubdtype(value.dtype, jnp.floating) else value
