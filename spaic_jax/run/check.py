"""What is given to a simulator: checked, with one sentence about what does not fit."""

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax import _keys
from spaic_jax._errors import unknown
from spaic_jax._numbers import array_of, whole
from spaic_jax.plan.cost import Where
from spaic_jax.plan.layout import gathered
from spaic_jax.program import Constant, Given, Program, Variable
from spaic_jax.run.variables import Variables

Bounds = tuple[float | None, float | None]

#: Kinds of numbers; each holds those before it.
_KINDS = (jnp.bool_, jnp.integer, jnp.floating, jnp.complexfloating)


def check_run(
    program: Program, variables: Variables, inputs: dict[str, Any], key: Any, steps: int | None, single: bool = False
) -> tuple[dict[str, Any], int]:
    """Arrays of the inputs and the number of steps, or one sentence about what does not fit."""
    declared = {v.name: v for v in program.of_role("input")}
    batch = batch_size_of(program, variables)
    given, count = check_inputs(program, inputs, batch, steps, single=single)
    # Those of a single step are cast in the compiled step: a loop written by hand pays for every call.
    arrays = given if single else {name: jnp.asarray(x, declared[name].dtype) for name, x in given.items()}
    check_key(program, key)
    return arrays, count


def by_name(inputs: Any) -> dict[str, Any]:
    """Inputs by name; TypeError for anything else."""
    if not isinstance(inputs, Mapping | None):
        raise TypeError(f"inputs must be a mapping from names to arrays, not {type(inputs).__name__}.")
    return dict(inputs or {})


def check_key(program: Program, key: Any) -> None:
    """ValueError where a row draws and no key is given."""
    rows = (*program.rows, *program.rows_of(program.begin_ops), *program.rows_of(program.end_ops))
    if key is None and (drawing := [op.name for op in rows if op.random]):
        raise ValueError(f"op '{drawing[0]}' is random: give key=jax.random.key(seed).")
    if key is not None:
        _keys.check_key(key)


def check_inputs(
    program: Program, given: Mapping[str, Any], size: int | None, steps: Any, *, axis: str = "B", single: bool = False
) -> tuple[dict[str, Any], int]:
    """Inputs as arrays of the type in which they came, and the number of steps; values are not looked at.

    Args:
        program: what takes them.
        given: arrays by name, of NumPy, of JAX or of what NumPy can read.
        size: the number of samples; that of the first input when `None`.
        steps: the number of steps, or `None` where an input's time axis says it.
        axis: what error messages call the axis of samples.
        single: whether these are the inputs of one step, which have no time axis.

    Raises:
        ValueError: one sentence about the first thing that does not fit.
    """
    declared = {v.name: v for v in program.of_role("input")}
    for name in given:
        if name not in declared:
            raise ValueError(unknown("input", name, declared))
    arrays: dict[str, Any] = {}
    lengths: dict[str, int] = {}
    for name, v in declared.items():
        if name not in given and v.optional:
            continue
        if name not in given:
            raise ValueError(f"input '{name}' is missing: it needs {_axes_text(v, axis, size)}.")
        x = array_of(given[name], f"input '{name}'")
        timed = x.ndim == len(v.shape) + 2 and v.axes != "held" and not single
        held = x.ndim == len(v.shape) + 1 and (v.axes != "time" or single)
        needed = v.shape if size is None else (size, *v.shape)
        if not (timed or held) or x.shape[x.ndim - len(needed) :] != needed:
            raise ValueError(f"input '{name}' has shape {x.shape}, but needs {_axes_text(v, axis, size)}.")
        # Spikes come as numbers of any kind; labels with fractions would come out as others.
        if not _holds(v.dtype, x.dtype, at_least="bool" if jnp.issubdtype(v.dtype, jnp.integer) else "float32"):
            raise ValueError(f"input '{name}' has dtype {x.dtype}, but needs numbers that {v.dtype} can hold.")
        if timed:
            lengths[name] = x.shape[0]
        arrays[name] = x
        size = x.shape[1 if timed else 0]
    if steps is None and not lengths:
        raise ValueError("the number of steps is not known: give steps=, as no input has a time axis.")
    count = whole(next(iter(lengths.values())) if steps is None else steps, "steps")
    for name, length in lengths.items():
        if length != count:
            raise ValueError(f"input '{name}' has {length} steps, but {count} are to be run: its axes are [T, {axis}, ...].")
    return arrays, count


def check_finite(what: str, x: Any) -> None:
    """ValueError where an array holds NaN or infinite values, naming the first of them."""
    if not jnp.issubdtype(x.dtype, jnp.inexact):
        return
    # Where the array is: an array of a device does not come back for this.
    bad = ~(jnp.isfinite(x) if isinstance(x, jax.Array) else np.isfinite(x))
    if bad.any():
        place = _first(np.asarray(bad))
        raise ValueError(f"{what} holds NaN or infinite values, but needs finite numbers: the first is {x[place]} at {list(place)}.")


def check_value(v: Variable, value: Any, batch: int | None) -> jax.Array:
    """The new value of a variable.

    Raises:
        ValueError: when its shape, dtype or range does not fit.
    """
    given = array_of(value, f"{v.role} '{v.name}'")
    needed = v.sized(batch or 1)
    if given.shape != needed:
        axes = [f"B={needed[0]}", *map(str, needed[1:])] if v.batched else [*map(str, needed)]
        raise ValueError(f"{v.role} '{v.name}' was given an array of shape {given.shape}, but needs [{', '.join(axes)}].")
    if not _holds(v.dtype, given.dtype):
        raise ValueError(f"{v.role} '{v.name}' was given {given.dtype}, but holds {v.dtype}.")
    if jnp.issubdtype(v.dtype, jnp.integer) and jnp.issubdtype(given.dtype, jnp.integer):
        # Numbers that are too large would come out as others.
        check_within(f"{v.role} '{v.name}'", given, (jnp.iinfo(v.dtype).min, jnp.iinfo(v.dtype).max))
    new = jnp.asarray(given, v.dtype)
    check_within(f"{v.role} '{v.name}'", new, v.bounds)
    return new


def filled(v: Variable, value: Any, batch: int | None) -> Any:
    """A number as an array of the variable's shape, and an array of one sample as that of all; anything else as it is."""
    given = array_of(value, f"{v.role} '{v.name}'")
    if given.ndim and not (v.batched and given.shape == v.shape):
        return given
    return (jnp if isinstance(given, jax.Array) else np).broadcast_to(given, v.sized(batch or 1))


def check_within(what: str, value: Any, bounds: Bounds) -> None:
    """ValueError where an array has values outside of bounds, or NaN, naming the first of them.

    Bounds are rounded as the array's numbers are, so that 0.1 in float32 lies within 0.1 and 1. What is traced has no
    values yet and passes.

    >>> check_within("parameter 'w'", np.array([0.5, 1.5, 2.0]), (0.0, 1.0))
    Traceback (most recent call last):
        ...
    ValueError: parameter 'w' was given values from 0.5 to 2, but must lie within 0.0 and 1.0: the first outside is 1.5 at [1].
    """
    if bounds == (None, None) or isinstance(value, jax.core.Tracer):
        return
    numbers = np.asarray(gathered(value))
    low, high = (end if end is None or numbers.dtype.kind in "iu" else numbers.dtype.type(end) for end in bounds)
    # NaN lies nowhere.
    inside = np.asarray(numbers == numbers)
    inside &= True if low is None else numbers >= low
    inside &= True if high is None else numbers <= high
    if not inside.all():
        place = _first(~inside)
        first = f": the first outside is {numbers[place]:g} at {list(place)}" if numbers.ndim else ""
        raise ValueError(
            f"{what} was given values from {numbers.min():g} to {numbers.max():g}, but must lie within"
            f" {'-inf' if bounds[0] is None else bounds[0]} and {'inf' if bounds[1] is None else bounds[1]}{first}."
        )


def check_bounds(program: Program, values: Mapping[str, Any], where: str = "") -> None:
    """ValueError where some values of a program's variables lie outside their bounds; `where` begins the sentence."""
    for name, value in values.items():
        v = program.by_name[name]
        check_within(f"{where}{v.role} '{name}'", value, v.bounds)


def check_given(program: Program) -> None:
    """ValueError where a declared number or array lies outside the bounds of its variable; what is drawn is clipped."""
    check_bounds(program, {
        v.name: np.asarray(v.init.value, jnp.dtype(v.dtype))
        for v in program.variables
        if isinstance(v.init, Constant | Given) and v.bounds != (None, None)
    })


def batch_size_of(program: Program, variables: Variables) -> int | None:
    """The batch size of some variables, or `None` where none of them has a batch axis.

    Raises:
        ValueError: when a variable is missing or has another shape.
    """
    if not isinstance(variables, Variables):
        raise TypeError(f"Variables are needed, as a simulator's init makes them, not {type(variables).__name__}.")
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


def where_of(program: Program, variables: Variables) -> Where | None:
    """Where a run with some variables takes place; `None` where they are traced, or are no arrays of JAX."""
    values = variables.values
    v = next((v for v in program.variables if v.batched and v.name in values), None)
    x = next(iter(values.values()), None) if v is None else values[v.name]
    if not isinstance(x, jax.Array) or isinstance(x, jax.core.Tracer):
        return None
    device: Any = next(iter(x.sharding.device_set))
    where = Where(device.platform, 1 if v is None else x.shape[0] // max(1, x.sharding.shard_shape(x.shape)[0]))
    mesh = getattr(x.sharding, "mesh", None)
    if mesh is None or mesh.size < 2:
        return where
    axes: dict[str | None, str] = {}
    for v in program.variables:
        x = values.get(v.name)
        if isinstance(x, jax.Array) and not isinstance(x, jax.core.Tracer):
            spec = getattr(x.sharding, "spec", ())
            axes |= {dim: axis for dim, axis in zip(v.counted, spec, strict=False) if isinstance(axis, str)}
    return dataclasses.replace(where, mesh=mesh, batch_axis=axes.get("batch"), block_axis=axes.get("block"))


def batch_of_inputs(declared: Mapping[str, Variable], inputs: Mapping[str, jax.Array]) -> int:
    """The batch size of some inputs."""
    return next((x.shape[x.ndim - len(declared[name].shape) - 1] for name, x in inputs.items()), 1)


@functools.lru_cache(maxsize=256)
def _holds(dtype: Any, given: Any, at_least: Any = "bool") -> bool:
    """Whether numbers of a dtype can become ones of another: no fractions in integers, no complex ones in real ones."""

    def rank(kind: Any) -> int:
        return next((i for i, family in enumerate(_KINDS) if jnp.issubdtype(kind, family)), len(_KINDS))

    return rank(given) <= min(max(rank(dtype), rank(at_least)), len(_KINDS) - 1)


def _first(mask: np.ndarray) -> tuple[int, ...]:
    """Where the first true element is."""
    return tuple(int(i) for i in np.unravel_index(int(mask.argmax()), mask.shape))


def _axes_text(v: Variable, axis: str, size: int | None) -> str:
    def axes(*front: str) -> str:
        return "[" + ", ".join((*front, *map(str, v.shape))) + "]"

    samples = axis if size is None else f"{axis}={size}"
    return {
        "time": axes("T", samples),
        "held": axes(samples),
        "either": f"{axes(samples)} (held) or {axes('T', samples)}",
    }[v.axes]
