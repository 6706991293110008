"""What is given to a simulator: checked, with one sentence about what does not fit."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax._errors import unknown
from spaic_jax.program import Program, Variable
from spaic_jax.run.variables import Variables


def check_run(
    program: Program, variables: Variables, inputs: dict[str, Any], key: Any, steps: int | None, single: bool = False
) -> tuple[dict[str, Any], int]:
    """Arrays of the inputs and the number of steps, or one sentence about what does not fit."""
    declared = {v.name: v for v in program.of_role("input")}
    for name in inputs:
        if name not in declared:
            raise ValueError(unknown("input", name, declared))
    batch = batch_size_of(program, variables)
    lengths = {}
    arrays = {}
    for name, v in declared.items():
        if name not in inputs and v.optional:
            continue
        if name not in inputs:
            raise ValueError(f"input '{name}' is missing: it needs {_axes_text(v, batch)}.")
        x = inputs[name] if isinstance(inputs[name], jax.Array) else np.asarray(inputs[name])
        needed = (*(() if batch is None else (batch,)), *v.shape)
        timed = x.ndim == len(v.shape) + 2 and (v.axes != "held" or single)
        held = x.ndim == len(v.shape) + 1 and v.axes != "time"
        if not (timed or held) or x.shape[x.ndim - len(needed) :] != needed:
            raise ValueError(f"input '{name}' has shape {x.shape}, but needs {_axes_text(v, batch)}.")
        if x.dtype != jnp.dtype(v.dtype) and x.dtype.kind not in "biuf":
            raise ValueError(f"input '{name}' has dtype {x.dtype}, but needs numbers that {v.dtype} can hold.")
        if timed:
            lengths[name] = x.shape[0]
        arrays[name] = jnp.asarray(x, v.dtype)
    sizes = batch or batch_of_inputs(declared, arrays)
    arrays |= {n: jnp.zeros((1, sizes, *v.shape) if single else (sizes, *v.shape), v.dtype) for n, v in declared.items() if n not in arrays}
    if steps is None and not lengths:
        raise ValueError("the number of steps is not known: give steps=, as no input has a time axis.")
    count = next(iter(lengths.values())) if steps is None else steps
    if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < 1:
        raise ValueError(f"steps must be a positive whole number, got {count!r}.")
    for name, length in lengths.items():
        if length != count:
            raise ValueError(f"input '{name}' has {length} steps, but {int(count)} are to be run: its axes are [T, B, ...].")
    if key is None and any(op.random for op in program.rows):
        raise ValueError(
            f"op '{next(op.name for op in program.rows if op.random)}' is random: give key=jax.random.key(seed)."
        )
    return arrays, int(count)


def check_value(v: Variable, value: Any, batch: int | None) -> jax.Array:
    """The new value of a variable.

    Raises:
        ValueError: when its shape, dtype or range does not fit.
    """
    given = value if isinstance(value, jax.Array) else np.asarray(value)
    needed = v.sized(batch or 1)
    if given.shape != needed:
        axes = [f"B={needed[0]}", *map(str, needed[1:])] if v.batched else [*map(str, needed)]
        raise ValueError(f"{v.role} '{v.name}' was given an array of shape {given.shape}, but needs [{', '.join(axes)}].")
    if not np.can_cast(given.dtype, jnp.dtype(v.dtype), "same_kind"):
        raise ValueError(f"{v.role} '{v.name}' was given {given.dtype}, but holds {v.dtype}.")
    low, high = v.bounds
    if (low is not None or high is not None) and not isinstance(given, jax.core.Tracer):
        numbers = np.asarray(given)
        if not (numbers >= (-np.inf if low is None else low)).all() or not (numbers <= (np.inf if high is None else high)).all():
            raise ValueError(
                f"{v.role} '{v.name}' was given values from {numbers.min():g} to {numbers.max():g}, but must lie within"
                f" {'-inf' if low is None else low} and {'inf' if high is None else high}."
            )
    return jnp.asarray(given, v.dtype)


def batch_size_of(program: Program, variables: Variables) -> int | None:
    """The batch size of some variables, or `None` where none of them has a batch axis.

    Raises:
        ValueError: when a variable is missing or has another shape.
    """
    batch = None
    parts = {
        "parameter": variables.params, "plastic": variables.plastic, "state": variables.state,
        "constant": variables.constants,
    }
    for v in program.variables:
        if v.role == "input":
            continue
        if v.name not in parts[v.role]:
            raise ValueError(f"the variables hold no {v.role} '{v.name}': make them with this simulator's init.")
        shape = parts[v.role][v.name].shape
        if v.batched and batch is None and shape:
            batch = int(shape[0])
        if shape != v.sized(batch or 0):
            needed = ", ".join((*((f"B={batch}",) if v.batched else ()), *map(str, v.shape)))
            raise ValueError(f"{v.role} '{v.name}' has shape {shape}, but needs [{needed}].")
    return batch


def batch_of_inputs(declared: Mapping[str, Variable], inputs: Mapping[str, jax.Array]) -> int:
    """The batch size of some inputs."""
    return next((x.shape[x.ndim - len(declared[name].shape) - 1] for name, x in inputs.items()), 1)


def _axes_text(v: Variable, batch: int | None) -> str:
    def axes(*front: str) -> str:
        return "[" + ", ".join((*front, *map(str, v.shape))) + "]"

    size = "B" if batch is None else f"B={batch}"
    return {
        "time": axes("T", size),
        "held": axes(size),
        "either": f"{axes(size)} (held) or {axes('T', size)}",
    }[v.axes]
