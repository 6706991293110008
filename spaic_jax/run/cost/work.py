"""What a process has to do and to keep of a network whose blocks are shared out, as its program and its plan say."""

import dataclasses
import math
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

import jax.numpy as jnp

from spaic_jax.plan import Tiled
from spaic_jax.plan.cost import HERE, Where
from spaic_jax.plan.exchange import message_bytes, rounds
from spaic_jax.plan.layout import spread
from spaic_jax.plan.stage import Stage
from spaic_jax.program import Op, Program, Variable
from spaic_jax.program.blocks import everywhere
from spaic_jax.program.evaluate import function_of
from spaic_jax.program.op import base_name
from spaic_jax.run.cost.products import unvarying
from spaic_jax.synapses.delays.pairs import delivered_late
from spaic_jax.synapses.pattern import InTable
from spaic_jax.synapses.storage.pairs import delivered

if TYPE_CHECKING:
    from spaic_jax.run.simulator import Simulator

#: Steps of a run that is long.
LONG = 10_000

#: Bytes of the host's memory that a synapse takes while it is drawn, in one block and in several.
DRAWING = {False: 32, True: 46}


@dataclasses.dataclass(frozen=True)
class Work:
    """What there is to do in a step, and to keep.

    Attributes:
        neurons, synapses: of the network.
        own: neurons that a process computes, its share or all.
        numbers, drawn, reaching: numbers that rows write in a step, those that are drawn at random, and synapses that a spike may reach;
            of what processes share out (`True`), of all of them, and of what each has whole (`False`).
        heard: numbers of other processes' neurons that each hears of in a step.
        exchanges: in a step; each at once of so many steps as the plan takes.
        sent: bytes that a process hands round in a step.
        memory: bytes of a process, by variable.
        drawing: bytes of the host's memory while the synapses of the largest connection are drawn.
        whole: groups that each process has whole.
    """

    neurons: int
    own: int
    synapses: int
    numbers: Counter[bool]
    drawn: Counter[bool]
    reaching: Counter[bool]
    heard: int
    exchanges: float
    sent: float
    memory: Mapping[str, int]
    drawing: int
    whole: tuple[str, ...]


def work_of(sim: "Simulator", processes: int) -> Work:
    """The work of each of so many processes, which divide the blocks; nothing is drawn, and no device is looked at."""
    program = sim.program
    axes = {v.name: spread(v, {"model": processes} if processes > 1 else {}) for v in program.variables}
    groups = _groups(program)
    shared = _shared(program, {name for name, spread_over in axes.items() if "model" in spread_over})
    once = set(unvarying(program))
    rows = [op for op in program.rows if op not in once and op.fn is not everywhere]
    numbers, drawn, reaching = Counter[bool](), Counter[bool](), Counter[bool]()
    tables = {op: _table(program, op) for op in rows if function_of(op) in (delivered, delivered_late)}
    for op in rows:
        (drawn if op.random else numbers).update({shared[op.outputs[-1]]: _numbers(program, op)})
    for op, (count, _) in tables.items():
        reaching.update({shared[op.outputs[-1]]: count})
    heard, exchanges, sent = (0, 0.0, 0.0) if processes == 1 else _exchanged(sim, processes)
    sizes = {name: math.prod(v.shape) for name, v in groups.items()}
    whole = tuple(name for name, v in groups.items() if processes > 1 and "model" not in axes[v.name])
    own = sum(size if name in whole else size // processes for name, size in sizes.items())
    return Work(
        sum(sizes.values()), own, sum(reaching.values()), numbers, drawn, reaching, heard, exchanges, sent,
        {v.name: _bytes(v.sized(1), v.dtype) // (processes if "model" in axes[v.name] else 1) for v in program.variables if v.role != "input"},
        max((count * DRAWING[blocks] for count, blocks in tables.values()), default=0), whole,
    )


def scheduled(sim: "Simulator", steps: int, batch_size: int, where: Where = HERE) -> tuple[Program, tuple[Stage, ...], int]:
    """The program as a run of a simulator carries it out there, its stages, and the steps of a tile.

    Raises:
        ValueError: a plan that has none.
    """
    if not isinstance(sim.plan, Tiled):
        raise ValueError(f"what a run on many processes costs is known of the plan Tiled(), not of {sim.plan}.")
    timed = frozenset(v.name for v in sim.program.of_role("input") if v.axes == "time")
    return sim.plan.at(where).schedule(sim.program, timed, steps, batch_size)


def _groups(program: Program) -> dict[str, Variable]:
    """The groups of neurons, each with a state of it; what is a part of a group, such as a receptor, is none."""
    states = {v.name.rpartition(".")[0]: v for v in program.variables if "post" in v.dims and v.role == "state" and not v.ring}
    return {name: v for name, v in states.items() if not any(name.startswith(f"{other}.") for other in states)}


def _shared(program: Program, names: set[str]) -> dict[str, bool]:
    """Whether processes share out what a row writes: what follows from what they share, but for what they tell each other."""
    shared = {name: name in names for name in program.by_name}
    for op in program.rows:
        made = op.fn is not everywhere and any(shared.get(base_name(read), False) for read in op.inputs)
        shared |= dict.fromkeys(op.outputs, made)
    return shared


def _numbers(program: Program, op: Op) -> int:
    """The numbers that a row writes in a step; of a ring, which has a place for each step, those of one."""
    total = 0
    for name in op.outputs:
        shape = program.struct(program.written_read(name), 1).shape
        ring = name in program.by_name and program.by_name[name].ring
        total += math.prod(shape[2:] if ring else shape)
    return total


def _table(program: Program, op: Op) -> tuple[int, bool]:
    """The synapses of a row that delivers, without empty places, and whether they lie in blocks."""
    weight, start = (op.inputs[place] for place in ((1, 3) if function_of(op) is delivered else (2, 4)))
    init = program.by_name[start].init
    if isinstance(init, InTable):
        return init.blocked.pattern.count, True
    return math.prod(program.struct(weight, 1).shape), False


def _exchanged(sim: "Simulator", processes: int) -> tuple[int, float, float]:
    """Of a step of a long run: the numbers that a process hears of, exchanges, and the bytes that it hands round."""
    program, stages, tile = scheduled(sim, LONG, 1)
    heard, exchanges, sent = 0, 0.0, 0.0
    for (op, at_once), times in rounds(stages, LONG, tile).items():
        numbers = math.prod(program.struct(op.outputs[0], 1).shape)
        heard += numbers * at_once * times // LONG
        exchanges += times / LONG
        sent += message_bytes(at_once * numbers // processes) * times / LONG
    return heard, exchanges, sent


def _bytes(shape: tuple[int, ...], dtype: str) -> int:
    return math.prod(shape) * jnp.dtype(dtype).itemsize
