"""Which rows of a program must loop over time, and which need not: the stages of a plan.

The way to them has three parts. `classify` says of each row whether it is carried out once, for all steps of a tile at
once, or in a loop. `order` puts rows of one kind into stages, each after the stages that it depends on. `fuse` finds light
rows that alone keep two loops apart: these loop too, as one loop costs less than two. Then a loop that goes through a delay
may be taken in windows, in which it falls apart in the same way.
"""

import dataclasses
import functools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import jax

from spaic_jax.native import delivery
from spaic_jax.plan.cost import size_of, this_device, window_pays
from spaic_jax.plan.graph import Graph, classify, fuse, order
from spaic_jax.plan.scan import Scan
from spaic_jax.plan.stage import BEFORE, Stage, wanted_reads, weight_bytes
from spaic_jax.plan.windows import Windows
from spaic_jax.program import Op, Program
from spaic_jax.program.blocks import everywhere, of_one_block
from spaic_jax.program.evaluate import call
from spaic_jax.program.op import base_name

_HEAVY = frozenset({"dot_general", "conv_general_dilated", delivery.NAME})


@functools.lru_cache(maxsize=256)
def find_stages(program: Program, varying: frozenset[str]) -> tuple[Stage, ...]:
    """The stages of a program, in an order in which they can be carried out.

    Args:
        program: what to run.
        varying: the reads that change in a run besides states and clocks: inputs with a time axis.
    """
    heavy = [is_heavy(program, op) for op in program.rows]
    return _in_windows(program, _stages(program.rows, heavy, varying | {"[step]", "[position]"} | program.carried))


def _stages(ops: Sequence[Op], heavy: Sequence[bool], timed: frozenset[str]) -> tuple[Stage, ...]:
    """The stages of some rows; `timed` is what changes from step to step of what they read from outside, and states."""
    graph = Graph.of(ops, heavy, timed)
    kinds = classify(graph)
    stages = order(graph, kinds)
    while light := fuse(graph, kinds, stages):
        kinds |= dict.fromkeys(light, Scan)
        stages = order(graph, kinds)
    return tuple(
        kind(tuple(graph.ops[i] for i in sorted(rows)), tuple(graph.ops[i] for i in sorted(rows) if graph.heavy[i]))
        for kind, rows in stages
    )


def _in_windows(program: Program, stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
    return tuple(windowed(program, stage) if isinstance(stage, Scan) else stage for stage in stages)


def windowed(program: Program, loop: Scan) -> Scan:
    """A loop, in windows as long as one of its lags where these take enough out of it.

    The longest lag comes first, as what still loops in its windows may be taken in shorter ones.
    """
    states = program.carried & loop.writes
    most = weight_bytes(program, loop.heavy)
    for length in sorted({op.lag for op in loop.ops if op.lag > 1}, reverse=True):
        if not exchanges(loop.heavy) and not window_pays(length, most, 0.0, this_device()):
            break  # Nor does a shorter one.
        ops = [_reading_before(op, states) if op.lag >= length else op for op in loop.ops]
        heavy = [op in loop.heavy for op in loop.ops]
        outside = {read for op in ops for read in op.inputs if base_name(read) not in loop.writes}
        stages = _stages(ops, heavy, program.carried | outside)
        made = Windows(tuple(ops), tuple(op for op, is_so in zip(ops, heavy, strict=True) if is_so), length, stages)
        # What windows pay for does not depend on shorter ones in them, which are looked for in what is taken only.
        if _pays(program, made):
            return dataclasses.replace(made, stages=_in_windows(program, stages))
    return loop


def _reading_before(op: Op, states: frozenset[str]) -> Op:
    """A row that reads states as they were before the first step of a window."""
    return dataclasses.replace(op, inputs=tuple(r + BEFORE if r in states else r for r in op.inputs), lag=1)


def _pays(program: Program, windows: Windows) -> bool:
    """Whether windows take more out of a loop than they cost; that devices talk to each other in each step costs more than anything."""
    if exchanges(windows.loose):
        return True
    handed = sum(size_of(program.struct(read, 1)) for read in wanted_reads(program, windows.stages))
    return window_pays(windows.length, weight_bytes(program, windows.loose), handed, this_device())


def is_heavy(program: Program, op: Op) -> bool:
    """Whether an op holds a matrix product, a convolution or a delivery; or an exchange of devices, which should be as rare."""
    if exchanges([op]):
        return True
    structs, _ = of_one_block(op, [program.struct(read, 2) for read in op.inputs])
    key = jax.eval_shape(lambda: jax.random.key(0))
    jaxpr = jax.make_jaxpr(lambda key, *inputs: call(op, inputs, key))(key, *structs).jaxpr
    return any(equation.primitive.name in _HEAVY for equation in equations(jaxpr))


def exchanges(ops: Iterable[Op]) -> bool:
    """Whether a row of several hands something from each device to all others: see `spaic_jax.plan.exchange`."""
    return any(op.fn is everywhere for op in ops)


def equations(jaxpr: Any) -> Iterator[Any]:
    """All equations of a jaxpr, those inside of others included."""

    def inner(parameter: Any) -> Any:
        return getattr(parameter, "jaxpr", parameter)  # a closed jaxpr holds the open one

    for equation in jaxpr.eqns:
        yield equation
        for parameter in jax.tree.leaves(equation.params, is_leaf=lambda p: hasattr(inner(p), "eqns")):
            if hasattr(inner(parameter), "eqns"):
                yield from equations(inner(parameter))
