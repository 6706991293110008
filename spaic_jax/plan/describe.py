"""A tiled plan in words: its stages, what loops and why, and what the backward pass keeps."""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from spaic_jax.plan.base import Clock, Kept
from spaic_jax.plan.cost import size_of
from spaic_jax.plan.products import choice_in, delivers
from spaic_jax.plan.remat import Auto, Chunk, Remat
from spaic_jax.plan.stage import Stage
from spaic_jax.plan.stages import exchanges
from spaic_jax.program import Op, Program, Steps

_WAYS = {None: "matrix product", "auto": "product of events where they are few", "events": "product of events"}
_DELIVERED = {False: "delivery by events", True: "delivery by events, compiled"}
#: `Tiled.run`.
Run = Callable[..., Kept]


def describe(run: Run, stages: tuple[Stage, ...], tile: int | None, remat: Remat, program: Program) -> str:
    """The listing of a plan, for inputs that change with time where they may."""
    rows = [f"tiled plan: tile {f'{tile} steps' if tile else 'chosen by the cost model'}, remat {remat}"]
    for number, stage in enumerate(stages, 1):
        names = ", ".join(dict.fromkeys(op.name for op in stage.ops))
        product = f" ({_products(stage)})" if stage.heavy else ""
        rows.append(f"  {number}  {type(stage).__name__.lower():4}  {names}{product}: {stage.why(program)}")
    if program.of_role("parameter"):
        budget = f", at most {remat.budget:,} a run if it can" if isinstance(remat, Auto) else ""
        period = max(tile or 8, remat.steps if isinstance(remat, Chunk) else 1)
        kept = kept_bytes(run, period, program)
        rows.append(f"  kept for the backward pass: {kept:,.0f} bytes a step and sample{budget}")
    return "\n".join(rows)


def _products(stage: Stage) -> str:
    """How the products of a stage are computed."""

    def way(op: Op) -> str:
        if exchanges([op]):
            return "exchange between devices"
        return _DELIVERED[choice_in(op) is not None] if delivers(op) else _WAYS[choice_in(op)]

    return ", ".join(dict.fromkeys(map(way, stage.heavy)))


def kept_bytes(run: Run, period: int, program: Program) -> float:
    """Bytes that the backward pass keeps of one step of one sample, on average over a run of many periods."""
    short, long = 4 * period, 8 * period
    return max(_residual_bytes(run, program, long) - _residual_bytes(run, program, short), 0) / (long - short)


def _residual_bytes(run: Run, program: Program, steps: int) -> int:
    # Whatever steps the records look at: the run of this estimate is a short one.
    every = (dataclasses.replace(record, steps=Steps(), bins=1, finish=None) for record in program.records)
    program = dataclasses.replace(program, records=tuple(every))

    def structs(*roles: Any) -> dict[str, Any]:
        return {v.name: program.struct(v.name, 1) for v in program.of_role(*roles)}

    held = {v.name: program.struct(v.name, 1) for v in program.of_role("input") if v.axes == "held"}
    timed = [v for v in program.of_role("input") if v.axes != "held"]
    sequences = {v.name: jax.ShapeDtypeStruct((steps, *v.sized(1)), v.dtype) for v in timed}

    def backward(params: Any, rest: Any, sequences: Any, key: Any) -> Any:
        def kept(params: Any) -> Any:
            fixed = {name: value for name, value in {**params, **rest}.items() if name not in program.carried}
            state = {name: rest[name] for name in program.carried}
            clock = Clock(jnp.int32(0), jnp.int32(0), jnp.int32(steps))
            records = run(program, fixed, state, sequences, key, clock, steps, 1).records
            return {name: value for name, value in records.items() if jnp.issubdtype(value.dtype, jnp.inexact)}

        return jax.vjp(kept, params)[1]

    residuals = jax.eval_shape(
        backward,
        structs("parameter"),
        structs("constant", "plastic", "state") | held,
        sequences,
        jax.eval_shape(lambda: jax.random.key(0)),
    )
    return sum(size_of(leaf) for leaf in jax.tree.leaves(residuals))
