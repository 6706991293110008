"""A plan in words: its stages, what loops and why, and what the backward pass keeps."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import jax

from spaic_jax.plan.remat import Auto, Chunk

if TYPE_CHECKING:
    from spaic_jax.plan.tiled import TiledPlan


def describe(plan: TiledPlan) -> str:
    """The listing of a plan, for inputs that change with time where they may."""
    program = plan.program
    tile = f"{plan.tile} steps" if plan.tile else "chosen by the cost model"
    rows = [f"tiled plan: tile {tile}, remat {plan.remat}"]
    held = frozenset(v.name for v in program.of_role("input") if v.axes == "held")
    for number, stage in enumerate(plan.stages(held), 1):
        names = ", ".join(dict.fromkeys(op.name for op in stage.ops))
        why = {
            "once": "once a run",
            "map": "all steps of a tile at once",
            "scan": f"loops: each step needs the previous {', '.join(stage.carried(program))}",
        }[stage.kind]
        product = " (matrix product)" if stage.heavy else ""
        rows.append(f"  {number}  {stage.kind:4}  {names}{product}: {why}")
    if program.of_role("parameter"):
        budget = f", at most {plan.remat.budget:,} a run if it can" if isinstance(plan.remat, Auto) else ""
        rows.append(f"  kept for the backward pass: {kept_bytes(plan):,.0f} bytes a step and sample{budget}")
    return "\n".join(rows)


def kept_bytes(plan: TiledPlan) -> float:
    """Bytes that the backward pass keeps of one step of one sample, on average over a long run."""
    period = max(plan.tile or 8, plan.remat.steps if isinstance(plan.remat, Chunk) else 1)
    short, long = 4 * period, 8 * period
    return max(_residual_bytes(plan, long) - _residual_bytes(plan, short), 0) / (long - short)


def _residual_bytes(plan: TiledPlan, steps: int) -> int:
    program = plan.program

    def structs(*roles: Any) -> dict[str, Any]:
        return {v.name: program.struct(v.name, 1) for role in roles for v in program.of_role(role)}

    held = {v.name: program.struct(v.name, 1) for v in program.of_role("input") if v.axes == "held"}
    timed = [v for v in program.of_role("input") if v.axes != "held"]
    sequences = {v.name: jax.ShapeDtypeStruct((steps, *v.sized(1)), v.dtype) for v in timed}

    def backward(params: Any, rest: Any, state: Any, sequences: Any, key: Any, first: Any) -> Any:
        def kept(params: Any) -> Any:
            records = plan.run({**params, **rest}, state, sequences, key, first, steps, 1)[1]
            return {name: value for name, value in records.items() if value.dtype.kind == "f"}

        return jax.vjp(kept, params)[1]

    residuals = jax.eval_shape(
        backward,
        structs("parameter"),
        structs("constant") | held,
        structs("state"),
        sequences,
        jax.eval_shape(lambda: jax.random.key(0)),
        jax.ShapeDtypeStruct((), "int32"),
    )
    return sum(math.prod(leaf.shape) * leaf.dtype.itemsize for leaf in jax.tree.leaves(residuals))
