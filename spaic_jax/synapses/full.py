"""All-to-all connection."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from spaic_jax.program import Given, Normal, Op, Variable
from spaic_jax.program.initial import as_initial
from spaic_jax.program.variable import Role
from spaic_jax.synapses.base import Ends, Link


@dataclasses.dataclass(frozen=True)
class Affine:
    """`I = s W^T (+ b)` between two shapes, each taken flat; a comparable function of arrays."""

    post_shape: tuple[int, ...]

    def __str__(self) -> str:
        return "affine"

    def __call__(self, spikes: jax.Array, weight: jax.Array, bias: jax.Array | None = None) -> jax.Array:
        batch = spikes.shape[0]
        current = spikes.reshape(batch, -1) @ weight.T
        return (current if bias is None else current + bias[None]).reshape(batch, *self.post_shape)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Full(Link):
    """Every presynaptic neuron to every postsynaptic one.

    $$ I_i = \\sum_j W_{ij} s_j (+ b_i) $$

    Args:
        weight: `(post, pre)` array, an initial value, or `None` for N(w_mean, w_std).
        w_mean, w_std: mean and standard deviation of the weights when `weight` is `None`.
        w_min, w_max: bounds of the weights.
        bias: one number a postsynaptic neuron, an initial value, or `None` for no bias.

    Raises:
        ValueError: when the weight's or the bias' shape does not fit the two ends, or `w_min` exceeds `w_max`.

    Source: SPAIC, `full`.

    >>> Full(w_std=0.1).w_std
    0.1
    """

    weight: Any = None
    bias: Any = None
    w_mean: float = 0.005
    w_std: float = 0.05
    w_min: float | None = None
    w_max: float | None = None

    def __post_init__(self) -> None:
        if self.w_std < 0:
            raise ValueError(f"Full: w_std must not be negative, got {self.w_std}.")
        if self.w_min is not None and self.w_max is not None and self.w_min > self.w_max:
            raise ValueError(f"Full: w_min must not exceed w_max, got {self.w_min} and {self.w_max}.")

    def lower(self, ends: Ends) -> tuple[Sequence[Variable], Sequence[Op]]:
        shape = (math.prod(ends.post_shape), math.prod(ends.pre_shape))
        role: Role = "parameter" if ends.trainable else "constant"
        values: dict[str, tuple[tuple[int, ...], Any]] = {
            "weight": (shape, Normal(self.w_mean, self.w_std) if self.weight is None else self.weight)
        }
        if self.bias is not None:
            values["bias"] = (shape[:1], self.bias)
        variables = []
        for name, (needed, value) in values.items():
            init = as_initial(value)
            if isinstance(init, Given) and np.shape(init.value) != needed:
                raise ValueError(
                    f"connection '{ends.name}': {name} has shape {np.shape(init.value)}, but needs {needed}"
                    f" ({'post, pre' if name == 'weight' else 'post'})."
                )
            bounds = (self.w_min, self.w_max) if name == "weight" else (None, None)
            variables.append(Variable(f"{ends.name}.{name}", needed, role=role, init=init, bounds=bounds))
        inputs = (ends.source, *(variable.name for variable in variables))
        return variables, [Op(ends.target, Affine(ends.post_shape), inputs, name=ends.name)]
