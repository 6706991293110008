"""Plastic values in programs of half precision: they rest in float32, and are rounded where they are read."""

import dataclasses
from collections.abc import Iterable

import jax

from spaic_jax.program.op import Op

_SUFFIX = ".rounded"


def rounding(ops: Iterable[Op], names: Iterable[str], dtype: str) -> tuple[Op, ...]:
    """Rows that read some values rounded to a dtype, but for those of learning, to which every bit counts.

    >>> for op in rounding([Op("I", "mat_mult_weight", ("O", "w"))], ["w"], "bfloat16"):
    ...     print(op)
    w.rounded = rounded(w, dtype=bfloat16)
    I = mat_mult_weight(O, w.rounded)
    """
    names = set(names)
    rows = [op if op.when == "learning" else _reading(op, {name: name + _SUFFIX for name in names}) for op in ops]
    read = {name for op in rows for name in op.inputs}
    casts = (Op(name + _SUFFIX, rounded, name, settings={"dtype": dtype}) for name in sorted(names) if name + _SUFFIX in read)
    return (*casts, *rows)


def exact(ops: Iterable[Op]) -> tuple[Op, ...]:
    """The same rows as they were before `rounding`."""
    ops = tuple(ops)
    back = {op.outputs[0]: op.inputs[0] for op in ops if op.fn is rounded}
    return tuple(_reading(op, back) for op in ops if op.fn is not rounded) if back else ops


def rounded(value: jax.Array, dtype: str) -> jax.Array:
    """A value in a narrower dtype."""
    return value.astype(dtype)


def _reading(op: Op, other: dict[str, str]) -> Op:
    """A row that reads other names in place of some."""
    return dataclasses.replace(op, inputs=tuple(other.get(read, read) for read in op.inputs))
