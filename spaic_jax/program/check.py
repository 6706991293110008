"""The check of a program: every name, read, shape and dtype, by shape inference alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp

from spaic_jax import ops as named_ops
from spaic_jax._errors import unknown
from spaic_jax.program.evaluate import call
from spaic_jax.program.op import RESERVED, UPDATED, Op, base_name

if TYPE_CHECKING:
    from spaic_jax.program.program import Program

#: The batch size of the check: one that no layer has by chance, so that a batch axis cannot pass for another one.
CHECKED_BATCH = 9973

#: What to do about a row without inputs whose values lack the batch axis.
BATCHLESS = " A row that reads nothing knows no batch size: let it read a variable that has a batch axis."


class ProgramError(ValueError):
    """A program that cannot run; the sentence names the variable or the row."""


def check_program(program: Program) -> dict[str, jax.ShapeDtypeStruct]:
    """Check a program; returns the shape and dtype of every read, for a batch of a fixed size.

    Raises:
        ProgramError: one sentence naming the variable, the row or the record.
    """
    _check_names(program)
    for v in program.variables:
        if jax.dtypes.canonicalize_dtype(v.dtype) != jnp.dtype(v.dtype):
            raise ProgramError(f"variable '{v.name}' is {v.dtype}, which needs jax.config.update('jax_enable_x64', True).")
    env: dict[str, Any] = {v.name: _struct(v.sized(CHECKED_BATCH), v.dtype) for v in program.variables}
    env |= {name: _struct((), program.float_dtype if name == "[dt]" else "int32") for name in RESERVED}
    key = jax.eval_shape(lambda: jax.random.key(0))
    _check_initial(program, dict(env), key)
    writers = {name: [i for i, op in enumerate(program.ops) if name in op.outputs] for name in program.written}
    for row, op in enumerate(program.ops):
        where = f"row {row + 1}, op '{op.name}' ({op})"
        for read in op.inputs:
            _check_read(program, writers, row, read, where)
        for name, value in zip(op.outputs, _values(op, env, key, where), strict=True):
            _check_written(program, env, name, value, where, "" if op.inputs else BATCHLESS)
    for record in program.records:
        if record.variable not in program.by_name and record.variable not in program.written:
            known = [*program.by_name, *program.written]
            raise ProgramError(f"record '{record.name}': {unknown('variable', record.variable, known)}")
    return env


def _values(op: Op, env: dict[str, Any], key: Any, where: str) -> tuple[Any, ...]:
    """Shape and dtype of what a row gives."""
    inputs = [env[read] for read in op.inputs]
    given = ", ".join(f"{read} {s.dtype}{_axes(s.shape)}" for read, s in zip(op.inputs, inputs, strict=True))
    if isinstance(op.fn, str) and op.fn not in named_ops.REGISTRY:
        raise ProgramError(f"{where}: {unknown('op', op.fn, named_ops.REGISTRY)}")
    try:
        values = jax.eval_shape(lambda key, *inputs: call(op, inputs, key), key, *inputs)
    except Exception as error:
        raise ProgramError(f"{where} cannot take {given or 'no input'}: {error}") from error
    if len(values) != len(op.outputs):
        raise ProgramError(f"{where} returns {len(values)} values for {len(op.outputs)} outputs.")
    return values


def _check_initial(program: Program, env: dict[str, Any], key: Any) -> None:
    """The rows that are carried out once: they read what is there before the first step, and write states."""
    env = {name: struct for name, struct in env.items() if name in program.by_name or name == "[dt]"}
    env = {name: struct for name, struct in env.items() if name not in {v.name for v in program.of_role("input")}}
    for row, op in enumerate(program.initial_ops):
        where = f"initial row {row + 1}, op '{op.name}' ({op})"
        for read in op.inputs:
            if read not in env:
                raise ProgramError(f"{where}: {unknown('variable', read, env)}")
        for name, value in zip(op.outputs, _values(op, env, key, where), strict=True):
            if name in program.by_name and not program.is_state(name):
                raise ProgramError(f"{where} writes '{name}', a {program.by_name[name].role}: only states are written.")
            needed = env.get(name, value)
            if (value.shape, value.dtype) != (needed.shape, needed.dtype):
                raise ProgramError(
                    f"{where} writes '{name}' as {value.dtype}{_axes(value.shape)}, but needs"
                    f" {needed.dtype}{_axes(needed.shape)}."
                )
            env[name] = _struct(value.shape, value.dtype)


def _within_step(program: Program, row: int) -> set[str]:
    """The names that a row reads of this step."""
    reads = program.ops[row].inputs
    return {base_name(r) for r in reads if r.endswith(UPDATED) or (r in program.written and not program.is_state(r))}


def _cycle(program: Program, row: int) -> list[int]:
    """A way from a row through rows that read what it writes in this step back to itself; empty if there is none."""
    ahead, came_from = [row], {}
    while ahead:
        now = ahead.pop()
        for other in range(len(program.ops)):
            if _within_step(program, other) & set(program.ops[now].outputs) and other not in came_from:
                came_from[other] = now
                ahead.append(other)
    if row not in came_from:
        return []
    way = [row]
    while (now := came_from[way[-1]]) != row:
        way.append(now)
    return [row, *reversed(way)]


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
        if cycle := _cycle(program, row):
            steps = " needs row ".join(str(i + 1) for i in reversed(cycle))
            raise ProgramError(
                f"{where} is part of a cycle within one step (row {steps}): let one of them read the previous step's"
                " value of a state."
            )
        raise ProgramError(
            f"{where} reads this step's '{name}', which row {writers[name][-1] + 1} writes only later: move that row up"
            " or read the previous step's value of a state."
        )
    if read.endswith(UPDATED) and not program.is_state(name):
        raise ProgramError(f"{where} reads '{read}': '{name}' is a temporary, read it without {UPDATED}.")


def _check_written(program: Program, env: dict[str, Any], name: str, value: Any, where: str, advice: str = "") -> None:
    read = program.written_read(name)
    needed = env[name] if program.is_state(name) else env.get(read, value)
    if (value.shape, value.dtype) != (needed.shape, needed.dtype):
        raise ProgramError(
            f"{where} writes '{name}' as {value.dtype}{_axes(value.shape)}, but"
            f" {'the variable is' if program.is_state(name) else 'another row writes it as'}"
            f" {needed.dtype}{_axes(needed.shape)}.{advice}"
        )
    env[read] = _struct(value.shape, value.dtype)


def _axes(shape: tuple[int, ...]) -> str:
    return "[" + ",".join("B" if n == CHECKED_BATCH else str(n) for n in shape) + "]"
