"""What a simulator compiles: a run, a step, and what follows from parameters alone.

What these return of the variables is only what has moved: what goes in and comes out of a compiled function unchanged would
be copied each time.
"""

import dataclasses
import functools
from typing import Any, Literal

import jax
import jax.numpy as jnp

from spaic_jax.plan import Clock, Plan
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


@functools.partial(jax.jit, static_argnames=("engine", "steps", "presentation"))
def run(
    engine: Engine, variables: Variables, inputs: Values, key: jax.Array | None, steps: int, presentation: int | None
) -> tuple[Moved, Values, Values, Values, Health]:
    """All steps of a run: what it has moved, outputs, probes, their times, and health. See `Simulator.run`."""
    program = engine.program
    declared = program.by_name
    sequences = {name: x for name, x in inputs.items() if x.ndim == len(declared[name].shape) + 2}
    held = {name: x for name, x in inputs.items() if name not in sequences}
    length = steps if presentation is None else presentation
    begin = jnp.int32(0) if presentation is None else _position(variables, length)
    batch = batch_size_of(program, variables) or batch_of_inputs(declared, inputs)
    values = _outside(program, program.begin_ops, variables.astype(program).values, key, variables.step, begin == 0)
    fixed = {name: x for name, x in {**values, **held}.items() if name not in program.carried}
    state = {name: values[name] for name in program.carried}
    clock = Clock(variables.step, begin, jnp.int32(length))
    with jax.default_matmul_precision(engine.precision):
        final, kept, beyond = engine.plan.run(program, fixed, state, sequences, key, clock, steps, batch)
    end = Moved({}, variables.step + jnp.int32(steps), begin + jnp.int32(steps))
    values = _outside(program, program.end_ops, values | final, key, end.step, end.position >= length)
    rates = {r.variable: jax.lax.stop_gradient(kept[r.name]) for r in program.records if r.kind == "health"}
    outputs, probes = ({r.name: kept[r.name] for r in program.records if r.kind == kind} for kind in ("output", "probe"))
    times = {r.name: _times(r, program, variables.step, steps) for r in program.records if _is_stacked(r)}
    health = Health({name: first < 0 for name, first in beyond.items()}, rates, beyond)
    return end._replace(values=_changed(program, values)), outputs, probes, times, health


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
    inputs = {name: jnp.asarray(x, program.by_name[name].dtype) for name, x in inputs.items()}
    begin = variables.position if length is None else _position(variables, length)
    values = _outside(program, program.begin_ops, variables.astype(program).values, key, variables.step, begin == 0)
    clock = reserved(program, variables.step, begin, 0 if length is None else length)
    done = set(_once(program)) if derived else set()
    with jax.default_matmul_precision(engine.precision):
        rows = (op for op in program.rows if op not in done)
        env = evaluate(program, rows, {**values, **derived, **inputs, **clock}, key)
    values |= {name: env.get(program.written_read(name), values[name]) for name in program.carried}
    end = Moved({}, variables.step + jnp.int32(1), begin + jnp.int32(1))
    ended = False if length is None else end.position >= length
    values = _outside(program, program.end_ops, values, key, end.step, ended)
    emitted = {r.name: env[program.recorded_read(r.variable)] for r in program.records if r.kind != "health"}
    return end._replace(values=_changed(program, values)), emitted


@functools.partial(jax.jit, static_argnames=("engine",))
def derived(engine: Engine, variables: Variables) -> Values:
    """What the rows of a step write that follow from parameters and constants alone, whatever its inputs are."""
    program = engine.program
    once = _once(program)
    dt = jnp.asarray(program.dt, program.float_dtype)
    with jax.default_matmul_precision(engine.precision):
        env = evaluate(program, once, {**variables.astype(program).values, "[dt]": dt})
    return {name: env[name] for op in once for name in op.outputs}


def _position(variables: Variables, length: jax.Array | int) -> jax.Array:
    """The position at which a run begins: that of the variables, or 0 after the end of a presentation."""
    return jnp.where(variables.position >= length, jnp.int32(0), variables.position)


def _outside(
    program: Program, ops: tuple[Op, ...], values: Values, key: Any, now: jax.Array, there: jax.Array | bool
) -> Values:
    """The values after rows that belong to the beginning or the end of a presentation, if it is there."""
    rows = program.rows_of(ops)
    if not rows:
        return values
    new = overwrite(rows, {**values, "[dt]": jnp.asarray(program.dt, program.float_dtype)}, key, now)
    return {name: x if new[name] is x else jnp.where(there, new[name], x) for name, x in values.items()}


def _changed(program: Program, values: Values) -> Values:
    """Those of the values that a run may change."""
    outside = {name for op in program.rows_of((*program.begin_ops, *program.end_ops)) for name in op.outputs}
    return {name: values[name] for name in sorted(program.carried | (outside & set(values)))}


def _once(program: Program) -> tuple[Op, ...]:
    varying = frozenset({"[window]", *(v.name for v in program.of_role("input"))})
    return tuple(op for stage in find_stages(program, varying) if isinstance(stage, Once) for op in stage.ops)


def _is_stacked(record: Record) -> bool:
    return record.kind == "probe" and record.reduce is None


def _times(record: Record, program: Program, first: jax.Array, steps: int) -> jax.Array:
    """When the steps end that a record holds, ms."""
    return (first + jnp.asarray(record.ends(steps), jnp.int32)).astype("float32") * jnp.float32(program.dt)
