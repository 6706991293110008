"""The check of a program: every name, read, shape and dtype, by shape inference alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp

from spaic_jax import ops as named_ops
from spaic_jax._errors import unknown
from spaic_jax.program.evaluate import call
from spaic_jax.program.op import RESERVED, UPDATED, base_name

if TYPE_CHECKING:
    from spaic_jax.program.program import Program

#: The batch size of the check: one that no layer has by chance, so that a batch axis cannot pass for another one.
CHECKED_BATCH = 9973


class ProgramError(ValueError):
    """A program that cannot run; the sentence names the variable or the row."""


def check_program(program: Program) -> dict[str, jax.ShapeDtypeStruct]:
    """Check a program; returns the shape and dtype of every read, for a batch of a fixed size.

    Raises:
        ProgramError: one sentence naming the variable, the row or the record.
    """
    _check_names(program)
    env: dict[str, Any] = {v.name: _struct(v.sized(CHECKED_BATCH), v.dtype) for v in program.variables}
    env |= {name: _struct((), "float32" if name == "[dt]" else "int32") for name in RESERVED}
    key = jax.eval_shape(lambda: jax.random.key(0))
    writers = {name: [i for i, op in enumerate(program.ops) if name in op.outputs] for name in program.written}
    for row, op in enumerate(program.ops):
        where = f"row {row + 1}, op '{op.name}' ({op})"
        for read in op.inputs:
            _check_read(program, writers, row, read, where)
        inputs = [env[read] for read in op.inputs]
        given = ", ".join(f"{read} {s.dtype}{list(s.shape)}" for read, s in zip(op.inputs, inputs, strict=True))
        if isinstance(op.fn, str) and op.fn not in named_ops.REGISTRY:
            raise ProgramError(f"{where}: {unknown('op', op.fn, named_ops.REGISTRY)}")
        try:
            values = jax.eval_shape(lambda key, *inputs, op=op: call(op, inputs, key), key, *inputs)
        except Exception as error:
            raise ProgramError(f"{where} cannot take {given or 'no input'}: {error}") from error
        if len(values) != len(op.outputs):
            raise ProgramError(f"{where} returns {len(values)} values for {len(op.outputs)} outputs.")
        for name, value in zip(op.outputs, values, strict=True):
            _check_written(program, env, name, value, where)
    for record in program.records:
        if record.variable not in program.by_name and record.variable not in program.written:
            known = [*program.by_name, *program.written]
            raise ProgramError(f"record '{record.name}': {unknown('variable', record.variable, known)}")
    return env


def _struct(shape: tuple[int, ...], dtype: str) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(shape, jnp.dtype(dtype))


def _check_names(program: Program) -> None:
    if not program.ops:
        raise ProgramError("the program is empty: it needs at least one op.")
    for what, names in (
        ("variable", [v.name for v in program.variables]),
        ("record", [r.name for r in program.records]),
        ("op", [op.name for op in program.ops if op.random]),
    ):
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ProgramError(f"two {what}s have the name '{twice[0]}': every {what} needs a name of its own.")
    for op in program.ops:
        for name in op.outputs:
            role = program.by_name[name].role if name in program.by_name else "state"
            if role != "state" or "[" in name:
                raise ProgramError(f"op '{op.name}' writes '{name}', a {role}: only states and temporaries are written.")


def _check_read(program: Program, writers: dict[str, list[int]], row: int, read: str, where: str) -> None:
    name = base_name(read)
    known = [*RESERVED, *program.by_name, *program.written]
    if name not in known:
        raise ProgramError(f"{where}: {unknown('variable', name, known)}")
    this_step = read.endswith(UPDATED) or (name in program.written and not program.is_state(name))
    if not this_step:
        return
    if not writers.get(name):
        raise ProgramError(f"{where} reads '{read}', but no op writes '{name}'.")
    if writers[name][-1] >= row:
        raise ProgramError(
            f"{where} reads this step's '{name}', which row {writers[name][-1] + 1} writes only later: move that row up"
            " or read the previous step's value of a state."
        )
    if read.endswith(UPDATED) and not program.is_state(name):
        raise ProgramError(f"{where} reads '{read}': '{name}' is a temporary, read it without {UPDATED}.")


def _check_written(program: Program, env: dict[str, Any], name: str, value: Any, where: str) -> None:
    read = program.written_read(name)
    needed = env[name] if program.is_state(name) else env.get(read, value)
    if (value.shape, value.dtype) != (needed.shape, needed.dtype):
        raise ProgramError(
            f"{where} writes '{name}' as {value.dtype}{_axes(value.shape)}, but"
            f" {'the variable is' if program.is_state(name) else 'another row writes it as'}"
            f" {needed.dtype}{_axes(needed.shape)}."
        )
    env[read] = _struct(value.shape, value.dtype)


def _axes(shape: tuple[int, ...]) -> str:
    return "[" + ",".join("B" if n == CHECKED_BATCH else str(n) for n in shape) + "]"
