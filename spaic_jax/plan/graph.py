"""Rows as a graph: which of them must loop over time, and an order of stages in which they can be carried out."""

import dataclasses
from collections.abc import Mapping, Sequence

from spaic_jax._graph import components
from spaic_jax.plan.map import Map
from spaic_jax.plan.scan import Scan
from spaic_jax.plan.stage import Once, Stage
from spaic_jax.program import Op
from spaic_jax.program.op import base_name

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
    def of(cls, ops: Sequence[Op], heavy: Sequence[bool], timed: frozenset[str]) -> "Graph":
        """The graph of rows that read from outside, or of the previous step, what is in `timed`."""
        writers: dict[str, list[int]] = {}
        for i, op in enumerate(ops):
            for name in op.outputs:
                writers.setdefault(name, []).append(i)
        needs = {i: {w for r in op.inputs for w in writers.get(base_name(r), ())} for i, op in enumerate(ops)}
        for i, op in enumerate(ops):
            # What is read long after it was written changes in place: every step of it would be a copy of all of it.
            for w in (w for read in op.inputs if op.lag > 1 and read in timed for w in writers.get(read, ())):
                needs[w].add(i)
        followers: dict[int, list[int]] = {i: [] for i in needs}
        for i, before in needs.items():
            for j in sorted(before):
                followers[j].append(i)
        rings = tuple(tuple(ring) for ring in components(followers))
        return cls(tuple(ops), {i: frozenset(before) for i, before in needs.items()}, rings, timed, tuple(heavy))

    def before(self, ring: tuple[int, ...]) -> set[int]:
        """The rows that a ring needs, beside its own."""
        return set().union(*(self.needs[i] for i in ring)) - set(ring)

    def late(self, row: int) -> set[int]:
        """The rows whose previous step a row reads."""
        names = {read for read in self.ops[row].inputs if read in self.timed}
        return {w for w in self.needs[row] if names & set(self.ops[w].outputs)}


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
