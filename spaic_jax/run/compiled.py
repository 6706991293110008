"""What a simulator compiles: a run, a step, and what follows from parameters alone.

What these return of the variables is only what has moved: what goes in and comes out of a compiled function unchanged would
be copied each time.
"""

import dataclasses
import functools
from typing import Any, Literal

import jax
import jax.numpy as jnp

from spaic_jax.native.partition import marked
from spaic_jax.plan import Clock, Plan, watch
from spaic_jax.plan.base import Piece
from spaic_jax.plan.stage import Once
from spaic_jax.plan.stages import find_stages
from spaic_jax.program import Op, Program, Record
from spaic_jax.program.evaluate import evaluate, overwrite, reserved
from spaic_jax.run.check import batch_of_inputs, batch_size_of
from spaic_jax.run.result import Health
from spaic_jax.run.variables import Moved, Variables

#: Precision of matrix products, as JAX names it.
Precision = Literal["bfloat16", "tensorfloat32", "float32"]
Values = dict[str, jax.Array]


@dataclasses.dataclass(frozen=True)
class Engine:
    """What a compiled function depends on: a program without initial values, a plan, and the precision of products."""

    program: Program
    plan: Plan
    precision: Precision | None


@functools.partial(jax.jit, static_argnames=("engine", "steps", "part"))
def run(
    engine: Engine,
    variables: Variables,
    inputs: Values,
    key: jax.Array | None,
    steps: int,
    length: Any,
    part: bool,
    lengths: jax.Array | None = None,
) -> tuple[Moved, Values, Values, Values, Health]:
    """All steps of a run: what it has moved, outputs, probes, their times, and health. See `Simulator.run`.

    Args:
        engine, variables, inputs, key, steps: what is run.
        length: number of steps of the presentation; an array, so that another one compiles nothing anew.
        part: whether the run goes on with a presentation, of which it may be a part.
        lengths: the steps of each sample, where they differ.
    """
    program = engine.program
    moved, kept, beyond = _carry_out(engine, variables, inputs, key, steps, length, part, lengths=lengths)
    rates = {r.variable: jax.lax.stop_gradient(kept[r.name]) for r in program.kept if r.kind == "health"}
    outputs, probes = ({r.name: kept[r.name] for r in program.kept if r.kind == kind} for kind in ("output", "probe"))
    times = {r.name: _times(r, program, variables.step, steps) for r in program.kept if _is_stacked(r)}
    health = Health({name: first < 0 for name, first in beyond.items()}, rates, beyond, watch.place(program, beyond, moved.values))
    return moved, outputs, probes, times, health


@functools.partial(jax.jit, static_argnames=("engine", "steps"))
def piece(
    engine: Engine, variables: Variables, inputs: Values, key: jax.Array | None, steps: int, going_on: Piece
) -> tuple[Moved, Values, Values]:
    """Some steps of a presentation: what they have moved, what the records have so far, and `Health.beyond`."""
    return _carry_out(engine, variables, inputs, key, steps, going_on.whole, True, going_on)


def _carry_out(
    engine: Engine,
    variables: Variables,
    inputs: Values,
    key: jax.Array | None,
    steps: int,
    length: Any,
    part: bool,
    going_on: Piece | None = None,
    lengths: jax.Array | None = None,
) -> tuple[Moved, Values, Values]:
    """Steps, and what comes before and after them where a presentation begins and ends."""
    program = engine.program
    declared = program.by_name
    sequences = {name: x for name, x in inputs.items() if x.ndim == len(declared[name].shape) + 2}
    held = {name: x for name, x in inputs.items() if name not in sequences}
    begin = variables.position if part else jnp.int32(0)
    batch = batch_size_of(program, variables) or batch_of_inputs(declared, inputs)
    held |= _absent(program, inputs, batch)
    begins = begin == 0 if part else True
    values = _outside(program, program.begin_ops, variables.astype(program).values, key, variables.step, begins)
    fixed = {name: x for name, x in {**values, **held}.items() if name not in program.carried}
    state = {name: values[name] for name in program.carried}
    clock = Clock(marked(variables.step), begin, jnp.asarray(length, jnp.int32), going_on, lengths)
    with jax.default_matmul_precision(engine.precision):
        final, kept, beyond = engine.plan.run(program, fixed, state, sequences, key, clock, steps, batch)
    ended = begin + jnp.int32(steps) >= clock.window if part else True
    end = Moved({}, variables.step + jnp.int32(steps), _next(begin + jnp.int32(steps), ended))
    values = _outside(program, program.end_ops, values | final, key, end.step, ended)
    return end._replace(values=_changed(program, values)), kept, beyond


@functools.partial(jax.jit, static_argnames=("engine",))
def step(
    engine: Engine,
    variables: Variables,
    derived: Values,
    inputs: Values,
    key: jax.Array | None,
    length: jax.Array | None,
) -> tuple[Moved, Values]:
    """One step: see `Simulator.step`."""
    program = engine.program
    batch = batch_size_of(program, variables) or batch_of_inputs(program.by_name, inputs)
    inputs = {name: jnp.asarray(x, program.by_name[name].dtype) for name, x in inputs.items()}
    inputs |= _absent(program, inputs, batch)
    begin = variables.position
    values = _outside(program, program.begin_ops, variables.astype(program).values, key, variables.step, begin == 0)
    clock = reserved(program, variables.step, begin, 0 if length is None else length)
    done = set(_once(program)) if derived else set()
    with jax.default_matmul_precision(engine.precision):
        rows = (op for op in program.rows if op not in done)
        env = evaluate(program, rows, {**values, **derived, **inputs, **clock}, key)
    values |= {name: env.get(program.written_read(name), values[name]) for name in program.carried}
    ended = False if length is None else begin + jnp.int32(1) >= length
    end = Moved({}, variables.step + jnp.int32(1), _next(begin + jnp.int32(1), ended))
    values = _outside(program, program.end_ops, values, key, end.step, ended)
    emitted = {r.name: env[program.recorded_read(r.variable)] for r in program.kept if r.kind != "health"}
    return end._replace(values=_changed(program, values)), emitted


@functools.partial(jax.jit, static_argnames=("engine",))
def derived(engine: Engine, variables: Variables) -> Values:
    """What the rows of a step write that follow from what does not change alone, whatever its inputs are."""
    program = engine.program
    once = _once(program)
    dt = jnp.asarray(program.dt, program.float_dtype)
    with jax.default_matmul_precision(engine.precision):
        env = evaluate(program, once, {**variables.astype(program).values, "[dt]": dt})
    return {read: env[read] for op in once for read in map(program.written_read, op.outputs)}


def _absent(program: Program, given: Values, batch: int) -> Values:
    """Zeros for the inputs that were left out."""
    absent = (v for v in program.of_role("input") if v.name not in given)
    return {v.name: jnp.zeros((batch, *v.shape), v.dtype) for v in absent}


def _next(position: jax.Array, ended: jax.Array | bool) -> jax.Array:
    """The position of the step that follows: the first one after the end of a presentation."""
    return jnp.where(ended, jnp.int32(0), position)


def _outside(
    program: Program, ops: tuple[Op, ...], values: Values, key: Any, now: jax.Array, there: jax.Array | bool
) -> Values:
    """The values after rows that belong to the beginning or the end of a presentation, if it is there."""
    rows = program.rows_of(ops)
    if not rows or there is False:
        return values
    moved = sorted({name for op in rows for name in op.outputs} & values.keys())

    def carried_out(values: Values) -> Values:
        new = overwrite(rows, {**values, "[dt]": jnp.asarray(program.dt, program.float_dtype)}, key, now)
        return {name: new[name] for name in moved}

    if there is True:
        return values | carried_out(values)
    return values | jax.lax.cond(there, carried_out, lambda values: {name: values[name] for name in moved}, values)


def _changed(program: Program, values: Values) -> Values:
    """Those of the values that a run changes."""
    moving = (program.carried & program.written) | (_outside_writes(program) & values.keys())
    return {name: values[name] for name in sorted(moving)}


def _outside_writes(program: Program) -> set[str]:
    """Names that rows at the beginning and at the end of a presentation write."""
    return {name for op in program.rows_of((*program.begin_ops, *program.end_ops)) for name in op.outputs}


def _once(program: Program) -> tuple[Op, ...]:
    varying = frozenset({"[window]", *(v.name for v in program.of_role("input")), *_outside_writes(program)})
    return tuple(op for stage in find_stages(program, varying) if isinstance(stage, Once) for op in stage.ops)


def _is_stacked(record: Record) -> bool:
    return record.kind == "probe" and record.reduce is None


def _times(record: Record, program: Program, first: jax.Array, steps: int) -> jax.Array:
    """When the steps end that a record holds, ms."""
    return (first + jnp.asarray(record.ends(steps), jnp.int32)).astype("float32") * jnp.float32(program.dt)
