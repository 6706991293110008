"""Which rows of a program must loop over time, and which need not: the stages of a plan.

The way to them has three parts. `classify` says of each row whether it is carried out once, for all steps of a tile at
once, or in a loop. `order` puts rows of one kind into stages, each after the stages that it depends on. `fuse` finds light
rows that alone keep two loops apart: these loop too, as one loop costs less than two.
"""

import dataclasses
import functools
from collections.abc import Iterator, Mapping
from typing import Any

import jax

from spaic_jax._graph import components
from spaic_jax.plan.map import Map
from spaic_jax.plan.scan import Scan
from spaic_jax.plan.stage import Once, Stage
from spaic_jax.program import Op, Program
from spaic_jax.program.evaluate import call
from spaic_jax.program.op import base_name

_HEAVY = frozenset({"dot_general", "conv_general_dilated"})
Kind = type[Stage]


@dataclasses.dataclass(frozen=True)
class Graph:
    """The rows of a step and what they need of each other, in this step or of the one before.

    Attributes:
        ops: the rows.
        needs: for each row, the rows that write what it reads.
        rings: rows that need each other, in an order of flow.
        timed: the reads that change from step to step.
        heavy: for each row, whether it holds a matrix product or a convolution.
    """

    ops: tuple[Op, ...]
    needs: Mapping[int, frozenset[int]]
    rings: tuple[tuple[int, ...], ...]
    timed: frozenset[str]
    heavy: tuple[bool, ...]

    @classmethod
    def of(cls, program: Program, varying: frozenset[str]) -> "Graph":
        """The graph of a program whose reads `varying` change in a run, besides all that does by itself."""
        ops = program.rows
        writers: dict[str, list[int]] = {}
        for i, op in enumerate(ops):
            for name in op.outputs:
                writers.setdefault(name, []).append(i)
        needs = {i: frozenset(w for r in op.inputs for w in writers.get(base_name(r), ())) for i, op in enumerate(ops)}
        followers: dict[int, list[int]] = {i: [] for i in needs}
        for i, before in needs.items():
            for j in sorted(before):
                followers[j].append(i)
        timed = varying | {"[step]", "[position]"} | program.carried
        rings = tuple(tuple(ring) for ring in components(followers))
        return cls(ops, needs, rings, timed, tuple(is_heavy(program, op) for op in ops))

    def before(self, ring: tuple[int, ...]) -> set[int]:
        """The rows that a ring needs, beside its own."""
        return set().union(*(self.needs[i] for i in ring)) - set(ring)

    def late(self, row: int) -> set[int]:
        """The rows whose previous step a row reads."""
        names = {read for read in self.ops[row].inputs if read in self.timed}
        return {w for w in self.needs[row] if names & set(self.ops[w].outputs)}


@functools.lru_cache(maxsize=256)
def find_stages(program: Program, varying: frozenset[str]) -> tuple[Stage, ...]:
    """The stages of a program, in an order in which they can be carried out.

    Args:
        program: what to run.
        varying: the reads that change in a run besides states and clocks: inputs with a time axis.
    """
    graph = Graph.of(program, varying)
    kinds = classify(graph)
    stages = order(graph, kinds)
    while light := fuse(graph, kinds, stages):
        kinds |= dict.fromkeys(light, Scan)
        stages = order(graph, kinds)
    return tuple(
        kind(tuple(graph.ops[i] for i in sorted(rows)), tuple(graph.ops[i] for i in sorted(rows) if graph.heavy[i]))
        for kind, rows in stages
    )


def classify(graph: Graph) -> dict[int, Kind]:
    """The kind of stage of each row.

    A row loops exactly if it needs itself, in any number of steps, or asks for it. One that nothing reaches which changes
    in a run, is carried out once.
    """
    kinds: dict[int, Kind] = {}
    for ring in graph.rings:
        first = graph.ops[ring[0]]
        kind: Kind = Map
        if len(ring) > 1 or ring[0] in graph.needs[ring[0]] or first.looped:
            kind = Scan
        elif not first.random and not graph.timed & set(first.inputs) and all(kinds[i] is Once for i in graph.before(ring)):
            kind = Once
        kinds |= dict.fromkeys(ring, kind)
    return kinds


def order(graph: Graph, kinds: Mapping[int, Kind]) -> list[tuple[Kind, set[int]]]:
    """The rows of each stage.

    Each stage depends on earlier ones only, and a ring is never torn apart. A ring joins the first stage of its kind that
    comes late enough.
    """
    stages: list[tuple[Kind, set[int]]] = []
    place: dict[int, int] = {}
    for ring in graph.rings:
        kind = kinds[ring[0]]
        earliest = max((place[i] for i in graph.before(ring)), default=0)
        if kind is Map:
            # All steps of a map stage are done at once, so that it cannot read the previous step of its own rows.
            earliest = max(earliest, max((place[i] + 1 for i in graph.late(ring[0])), default=0))
        chosen = next((n for n in range(earliest, len(stages)) if stages[n][0] is kind), len(stages))
        if chosen == len(stages):
            stages.append((kind, set()))
        stages[chosen][1].update(ring)
        place |= dict.fromkeys(ring, chosen)
    return stages


def fuse(graph: Graph, kinds: Mapping[int, Kind], stages: list[tuple[Kind, set[int]]]) -> set[int]:
    """The map rows of one place between loops, none of them heavy, that alone keep a loop from joining an earlier one.

    Empty when no loops are left that can be joined.
    """
    place = {i: n for n, (_, rows) in enumerate(stages) for i in rows}
    for ring in graph.rings:
        if kinds[ring[0]] is not Scan:
            continue
        between: set[int] = set()
        loops: set[int] = set()
        ahead = list(graph.before(ring))
        while ahead:
            i = ahead.pop()
            if kinds[i] is Scan:
                loops.add(place[i])
            if i in between or kinds[i] is not Map:
                continue
            between.add(i)
            ahead += graph.needs[i]
        late = {i for i in between if loops and place[i] > max(loops)}
        if late and not any(graph.heavy[i] for i in late):
            return late
    return set()


def is_heavy(program: Program, op: Op) -> bool:
    """Whether an op holds a matrix product or a convolution."""
    structs = [program.struct(read, 2) for read in op.inputs]
    key = jax.eval_shape(lambda: jax.random.key(0))
    jaxpr = jax.make_jaxpr(lambda key, *inputs: call(op, inputs, key))(key, *structs).jaxpr
    return any(equation.primitive.name in _HEAVY for equation in _equations(jaxpr))


def _equations(jaxpr: Any) -> Iterator[Any]:
    """All equations of a jaxpr, those inside of others included."""

    def inner(parameter: Any) -> Any:
        return getattr(parameter, "jaxpr", parameter)  # a closed jaxpr holds the open one

    for equation in jaxpr.eqns:
        yield equation
        for parameter in jax.tree.leaves(equation.params, is_leaf=lambda p: hasattr(inner(p), "eqns")):
            if hasattr(inner(parameter), "eqns"):
                yield from _equations(inner(parameter))


def wanted_reads(program: Program, stages: tuple[Stage, ...]) -> frozenset[str]:
    """This step's reads that are wanted of every step, outside of the stage that writes them: other stages read them, or
    add to them what they write themselves."""
    wanted = set()
    timed = [stage for stage in stages if not isinstance(stage, Once)]
    for number, stage in enumerate(timed):
        later = frozenset().union(*(other.writes for other in timed[number + 1 :]))
        wanted |= {program.written_read(name) for name in stage.writes & later}
    for stage in stages:
        for name in (base_name(read) for read in stage.reads):
            if name in program.written and any(name in other.writes for other in stages if other is not stage):
                wanted.add(program.written_read(name))
    return frozenset(wanted)
