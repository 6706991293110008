"""The check of a program: every name, read, shape and dtype, by shape inference alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from spaic_jax import ops as named_ops
from spaic_jax._errors import unknown
from spaic_jax.program.blocks import of_all_blocks, of_one_block
from spaic_jax.program.evaluate import call
from spaic_jax.program.listing import Listing
from spaic_jax.program.op import RESERVED, UPDATED, Op, base_name

#: The batch sizes of the check. An axis is as long as both say: what is 9973 at one size and 9974 at the other is the
#: batch, what is 9973 at both is a layer's size.
CHECKED_BATCHES = (9973, 9974)

#: What to do about a row without inputs whose values lack the batch axis.
BATCHLESS = " A row that reads nothing knows no batch size: let it read a variable that has a batch axis."


class ProgramError(ValueError):
    """A program that cannot run; the sentence names the variable or the row."""


@dataclasses.dataclass(frozen=True)
class Structs:
    """Shape and dtype of every read of a step, found for two batch sizes, and so known for every one."""

    found: tuple[Mapping[str, jax.ShapeDtypeStruct], Mapping[str, jax.ShapeDtypeStruct]]

    def of(self, read: str, batch_size: int) -> jax.ShapeDtypeStruct:
        """What a read gives for a batch."""
        first, second = (found[read] for found in self.found)
        ahead = batch_size - CHECKED_BATCHES[0]
        shape = tuple(n + (m - n) * ahead for n, m in zip(first.shape, second.shape, strict=True))
        return jax.ShapeDtypeStruct(shape, first.dtype)


def check_program(program: Listing) -> Structs:
    """Check a program in its mode; returns the shape and dtype of every read.

    Raises:
        ProgramError: one sentence naming the variable, the row or the record.
    """
    _check_names(program)
    for v in program.variables:
        if jax.dtypes.canonicalize_dtype(v.dtype) != jnp.dtype(v.dtype):
            raise ProgramError(f"variable '{v.name}' is {v.dtype}, which needs jax.config.update('jax_enable_x64', True).")
    key = jax.eval_shape(lambda: jax.random.key(0))
    first = _declared(program, CHECKED_BATCHES[0])
    for what, roles in _ONCE.items():
        _check_once(program, what, roles, dict(first), key)
    differ = any(op.when != "always" for op in _all_rows(program))
    mode = "" if not differ else ", in runs that learn," if program.learning else ", in runs that do not learn,"
    writers = {name: [i for i, op in enumerate(program.rows) if name in op.outputs] for name in program.written}
    for row, op in enumerate(program.rows):
        where = f"row {_number(program, op)}, op '{op.name}' ({op}){mode}"
        for read in op.inputs:
            _check_read(program, writers, row, read, where)
        for name, value in zip(op.outputs, _values(op, first, key, where), strict=True):
            _check_written(program, first, name, value, where, "" if op.inputs else BATCHLESS)
    # What is written in the other mode only is kept in that mode only.
    known = {*program.by_name, *(name for op in program.ops for name in op.outputs)}
    for record in program.records:
        if record.variable not in known:
            raise ProgramError(f"record '{record.name}': {unknown('variable', record.variable, known)}")
    return Structs((first, _at_other_size(program, first, key)))


def _declared(program: Listing, batch_size: int) -> dict[str, Any]:
    env = {v.name: _struct(v.sized(batch_size), v.dtype) for v in program.variables}
    return env | {name: _struct((), program.float_dtype if name == "[dt]" else "int32") for name in RESERVED}


def _at_other_size(program: Listing, first: Mapping[str, Any], key: Any) -> dict[str, Any]:
    """The same reads for another batch size; only temporaries that may have a batch axis are looked at again."""
    env = _declared(program, CHECKED_BATCHES[1])
    for op in program.rows:
        reads = [program.written_read(name) for name in op.outputs]
        if all(name in program.by_name for name in op.outputs):
            env |= {read: env[name] for read, name in zip(reads, op.outputs, strict=True)}
        elif any(env[read].shape != first[read].shape for read in op.inputs):
            env |= zip(reads, _values(op, env, key, op.name), strict=True)
        else:
            env |= {read: first[read] for read in reads}
    return env


def _all_rows(program: Listing) -> tuple[Op, ...]:
    return (*program.ops, *program.initial_ops, *program.begin_ops, *program.end_ops)


def _number(program: Listing, op: Op) -> int:
    """The number that a listing gives a row."""
    return next(number for number, other in enumerate(program.ops, 1) if other is op)


def _values(op: Op, env: dict[str, Any], key: Any, where: str) -> tuple[Any, ...]:
    """Shape and dtype of what a row gives."""
    inputs = [env[read] for read in op.inputs]
    given = ", ".join(f"{read} {s.dtype}{_axes(s.shape)}" for read, s in zip(op.inputs, inputs, strict=True))
    if isinstance(op.fn, str) and op.fn not in named_ops.REGISTRY:
        raise ProgramError(f"{where}: {unknown('op', op.fn, named_ops.REGISTRY)}")
    try:
        inputs, count = of_one_block(op, inputs)
        values = of_all_blocks(op, jax.eval_shape(lambda key, *inputs: call(op, inputs, key), key, *inputs), count)
    except Exception as error:
        raise ProgramError(f"{where} cannot take {given or 'no input'}: {error}") from error
    if len(values) != len(op.outputs):
        raise ProgramError(f"{where} returns {len(values)} values for {len(op.outputs)} outputs.")
    return values


#: What rows outside of the steps may write, by the field that holds them and what errors call them.
_ONCE: dict[tuple[str, str], tuple[str, ...]] = {
    ("initial_ops", "initial row"): ("state", "plastic", "constant"),
    ("begin_ops", "row at the beginning"): ("state", "plastic"),
    ("end_ops", "row at the end"): ("state", "plastic"),
}


def _check_once(program: Listing, what: tuple[str, str], roles: tuple[str, ...], env: dict[str, Any], key: Any) -> None:
    """Rows that are carried out once: they read what is there outside of the steps."""
    field, label = what
    inputs = {v.name for v in program.of_role("input")}
    env = {name: struct for name, struct in env.items() if (name in program.by_name and name not in inputs) or name == "[dt]"}
    for row, op in enumerate(program.rows_of(getattr(program, field))):
        where = f"{label} {row + 1}, op '{op.name}' ({op})"
        for read in op.inputs:
            if read not in env:
                raise ProgramError(f"{where}: {unknown('variable', read, env)}")
        for name, value in zip(op.outputs, _values(op, env, key, where), strict=True):
            if name in program.by_name and (role := program.by_name[name].role) not in roles:
                raise ProgramError(f"{where} writes '{name}', a {role}: it may write {_listed(roles)} only.")
            if name in program.by_name and role == "plastic" and field != "initial_ops" and op.when != "learning":
                raise ProgramError(f"{where} writes '{name}', a plastic value, in runs that do not learn: give when='learning'.")
            needed = env.get(name, value)
            if (value.shape, value.dtype) != (needed.shape, needed.dtype):
                raise ProgramError(
                    f"{where} writes '{name}' as {value.dtype}{_axes(value.shape)}, but needs"
                    f" {needed.dtype}{_axes(needed.shape)}."
                )
            env[name] = _struct(value.shape, value.dtype)


def _listed(roles: tuple[str, ...]) -> str:
    return " or ".join({"plastic": "plastic values"}.get(role, f"{role}s") for role in roles)


def _within_step(program: Listing, row: int) -> set[str]:
    """The names that a row reads of this step."""
    reads = program.rows[row].inputs
    return {base_name(r) for r in reads if r.endswith(UPDATED) or (r in program.written and r not in program.carried)}


def _cycle(program: Listing, row: int) -> list[int]:
    """A way from a row through rows that read what it writes in this step back to itself; empty if there is none."""
    ahead, came_from = [row], {}
    while ahead:
        now = ahead.pop()
        for other in range(len(program.rows)):
            if _within_step(program, other) & set(program.rows[now].outputs) and other not in came_from:
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


def _check_names(program: Listing) -> None:
    if not program.ops:
        raise ProgramError("the program is empty: it needs at least one op.")
    for what, names in (
        ("variable", [v.name for v in program.variables]),
        ("record", [r.name for r in program.records]),
        ("op", [op.name for op in program.rows_of(_all_rows(program)) if op.random]),
    ):
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ProgramError(f"two {what}s have the name '{twice[0]}': every {what} needs a name of its own.")
    for op in program.rows:
        for name in op.outputs:
            role = program.by_name[name].role if name in program.by_name else "state"
            if role not in ("state", "plastic") or "[" in name:
                raise ProgramError(
                    f"op '{op.name}' writes '{name}', a {role}: only states, plastic values and temporaries are written."
                )
            if role == "plastic" and op.when != "learning":
                raise ProgramError(
                    f"op '{op.name}' writes '{name}', a plastic value, which only a row of learning may: give when='learning'."
                )


def _check_read(program: Listing, writers: dict[str, list[int]], row: int, read: str, where: str) -> None:
    name = base_name(read)
    known = [*RESERVED, *program.by_name, *program.written]
    if name not in known:
        raise ProgramError(f"{where}: {unknown('variable', name, known)}")
    this_step = read.endswith(UPDATED) or (name in program.written and name not in program.carried)
    if not this_step:
        return
    if not writers.get(name):
        raise ProgramError(f"{where} reads '{read}', but no op writes '{name}'.")
    if writers[name][-1] >= row:
        if cycle := _cycle(program, row):
            steps = " needs row ".join(str(_number(program, program.rows[i])) for i in reversed(cycle))
            raise ProgramError(
                f"{where} is part of a cycle within one step (row {steps}): let one of them read the previous step's"
                " value of a state."
            )
        late = _number(program, program.rows[writers[name][-1]])
        raise ProgramError(
            f"{where} reads this step's '{name}', which row {late} writes only later: move that row up or"
            " read the previous step's value of a state."
        )
    if read.endswith(UPDATED) and name not in program.carried:
        raise ProgramError(f"{where} reads '{read}': '{name}' is a temporary, read it without {UPDATED}.")


def _check_written(program: Listing, env: dict[str, Any], name: str, value: Any, where: str, advice: str = "") -> None:
    read = program.written_read(name)
    needed = env[name] if name in program.carried else env.get(read, value)
    if (value.shape, value.dtype) != (needed.shape, needed.dtype):
        raise ProgramError(
            f"{where} writes '{name}' as {value.dtype}{_axes(value.shape)}, but"
            f" {'the variable is' if name in program.carried else 'another row writes it as'}"
            f" {needed.dtype}{_axes(needed.shape)}.{advice}"
        )
    env[read] = _struct(value.shape, value.dtype)


def _axes(shape: tuple[int, ...]) -> str:
    return "[" + ",".join("B" if axis == 0 and n == CHECKED_BATCHES[0] else str(n) for axis, n in enumerate(shape)) + "]"
