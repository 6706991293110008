"""Where a run went beyond all bounds: step, group and neuron, found once it is known that it did."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from spaic_jax.plan import Reference
from spaic_jax.plan.base import Piece
from spaic_jax.plan.layout import gathered
from spaic_jax.plan.watch import limit_of
from spaic_jax.recording.layout import Layout
from spaic_jax.run import Simulator, Variables, compiled
from spaic_jax.run.result import remedy


def first_beyond(beyond: Mapping[str, Any]) -> tuple[int, str] | None:
    """The first step at which a variable was seen beyond all bounds, and its name."""
    seen = [(int(step), name) for name, step in beyond.items() if int(step) >= 0]
    return min(seen, key=lambda each: each[0], default=None)


def diverged(
    sim: Simulator,
    layout: Layout,
    number: int,
    before: Variables,
    inputs: Mapping[str, Any],
    key: jax.Array | None,
    seen: tuple[int, str],
) -> FloatingPointError:
    """The error of a chunk in which a variable went beyond all bounds.

    A plan looks at the ends of its tiles only: up to there the chunk is carried out once more, step by step.

    Args:
        sim: what was run.
        layout: of the run.
        number: of the chunk.
        before: the variables before it.
        inputs: of the chunk.
        key: random key of the run.
        seen: the step of the chunk, and the variable.
    """
    begin, _ = layout.bounds(number)
    program = dataclasses.replace(sim.engine.program, records=())
    engine = compiled.Engine(program, Reference(), sim.precision)
    declared = program.by_name

    def run(steps: int) -> tuple[Variables, dict[str, Any]]:
        given = {n: x[:steps] if x.ndim == len(declared[n].shape) + 2 else x for n, x in inputs.items()}
        moved, _, beyond = compiled.piece(engine, before, given, key, steps, Piece(np.int32(begin), np.int32(layout.steps), {}))
        return before.moved(moved), beyond

    step, name = seen
    variables, beyond = run(step + 1)
    exact = first_beyond(beyond)
    if exact is not None and exact[0] < step:
        variables, beyond = run(exact[0] + 1)
    if exact is not None:
        step, name = exact
    what = _place(name, gathered(variables.values[name]), bool(declared[name].batched), limit_of(program, name))
    return FloatingPointError(
        f"the run diverged at {layout.time(begin + step + 1):g} ms: {what}; {remedy(name, f' than {layout.dt:g} ms')}"
    )


def _place(name: str, value: Any, batched: bool, limit: float) -> str:
    """What is wrong with a value, and where it is wrong first."""
    x = np.asarray(value)
    bad = ~(np.abs(x) <= limit)
    if not bad.any():
        return f"'{name}' was NaN, infinite or absurdly large"
    index = tuple(int(i) for i in np.unravel_index(int(bad.argmax()), bad.shape))
    if not batched:
        return f"'{name}' is {x[index]:g} at {list(index)}"
    neuron = int(np.ravel_multi_index(index[1:], x.shape[1:])) if x.ndim > 1 else 0
    return f"'{name}' of neuron {neuron} is {x[index]:g}" + (f" in sample {index[0]}" if len(x) > 1 else "")
