"""Which rows of a program must loop over time, and which need not: the stages of a plan."""

import dataclasses
import functools
from typing import Any, Literal

import jax

from spaic_jax._graph import components
from spaic_jax.program import Op, Program
from spaic_jax.program.evaluate import call
from spaic_jax.program.op import base_name

_HEAVY = frozenset({"dot_general", "conv_general_dilated"})


@dataclasses.dataclass(frozen=True)
class Stage:
    """Rows that are carried out together.

    Attributes:
        kind: `"once"`: the rows depend on nothing that changes in a run; `"map"`: no row needs what another step of
            these rows gave, so that all steps of a tile are done at once; `"scan"`: a loop over the steps.
        ops: the rows, in order.
        heavy: those of the rows that are matrix products or convolutions.
    """

    kind: Literal["once", "map", "scan"]
    ops: tuple[Op, ...]
    heavy: tuple[Op, ...]

    @functools.cached_property
    def writes(self) -> frozenset[str]:
        """Names written."""
        return frozenset(name for op in self.ops for name in op.outputs)

    @functools.cached_property
    def reads(self) -> frozenset[str]:
        """Reads of all rows; a random row reads the step, which its key depends on."""
        clock = {"[step]"} if any(op.random for op in self.ops) else set()
        return frozenset(read for op in self.ops for read in op.inputs) | clock

    def carried(self, program: Program) -> tuple[str, ...]:
        """The states that the loop carries: written here, and read here from the previous step."""
        return tuple(v.name for v in program.of_role("state") if v.name in self.writes and v.name in self.reads)

    def weighted(self, fixed: frozenset[str]) -> tuple[Op, ...]:
        """The heavy rows whose weights no other row of the stage reads: their gradient may be formed outside a loop.

        `fixed` names what does not change in a run: parameters, constants, and what is made of them.
        """
        others = {read for op in self.ops if op not in self.heavy for read in op.inputs}
        return tuple(op for op in self.heavy if fixed & set(op.inputs) and not fixed & set(op.inputs) & others)


def is_heavy(program: Program, op: Op) -> bool:
    """Whether an op holds a matrix product or a convolution."""
    structs = [program.struct(read, 2) for read in op.inputs]
    key = jax.eval_shape(lambda: jax.random.key(0))
    return _holds_heavy(jax.make_jaxpr(lambda key, *inputs: call(op, inputs, key))(key, *structs).jaxpr)


def _holds_heavy(jaxpr: Any) -> bool:
    def inner(parameter: Any) -> Any:
        return getattr(parameter, "jaxpr", parameter)  # a closed jaxpr holds the open one

    return any(
        equation.primitive.name in _HEAVY
        or any(
            _holds_heavy(inner(p))
            for p in jax.tree.leaves(equation.params, is_leaf=lambda p: hasattr(inner(p), "eqns"))
            if hasattr(inner(p), "eqns")
        )
        for equation in jaxpr.eqns
    )


@functools.lru_cache(maxsize=256)
def find_stages(program: Program, held: frozenset[str]) -> tuple[Stage, ...]:
    """The stages of a program, in an order in which they can be carried out.

    Rows that need each other's previous step (strongly connected components of the graph of reads) loop together. A
    loop takes in the loops that follow it, and light rows between them, as one loop costs less than two.

    Args:
        program: what to run.
        held: the inputs that stay the same for the whole run.
    """
    ops = program.ops
    writers: dict[str, list[int]] = {}
    for i, op in enumerate(ops):
        for name in op.outputs:
            writers.setdefault(name, []).append(i)
    needs = {i: {w for read in op.inputs for w in writers.get(base_name(read), ())} for i, op in enumerate(ops)}
    followers: dict[int, list[int]] = {i: [] for i in needs}
    for i, before in needs.items():
        for j in sorted(before):
            followers[j].append(i)
    timed = {"[step]", "[position]", *(v.name for v in program.of_role("state"))}
    timed |= {v.name for v in program.of_role("input") if v.name not in held}

    heavy = [is_heavy(program, op) for op in ops]
    kinds: dict[int, str] = {}
    stages: list[tuple[str, set[int]]] = [("once", set())]
    place: dict[int, int] = {}
    for ring in components(followers):
        before = set().union(*(needs[i] for i in ring)) - set(ring)
        if len(ring) > 1 or ring[0] in needs[ring[0]]:
            kind = "scan"
        elif not ops[ring[0]].random and not timed & set(ops[ring[0]].inputs) and all(kinds[i] == "once" for i in before):
            kind = "once"
        else:
            kind = "map"
        kinds |= dict.fromkeys(ring, kind)
        if kind == "scan":
            between = _light_rows_between(stages, place, kinds, needs, heavy, before)
            if between:
                loop = max(place[i] for row in between for i in needs[row] - between if kinds[i] == "scan")
                for row in between:
                    stages[place[row]][1].discard(row)
                    stages[loop][1].add(row)
                    place[row] = loop
        earliest = 0 if kind == "once" else max((place[i] for i in before), default=1)
        if kind == "map":
            # All steps of a map stage are done at once, so that it cannot read the previous step of its own rows.
            late = {w for read in ops[ring[0]].inputs if read in timed for w in writers.get(read, ())}
            earliest = max(earliest, max((place[i] + 1 for i in late), default=1))
        same = (n for n in range(earliest, len(stages)) if stages[n][0] == kind)
        chosen = next(same, len(stages))
        if chosen == len(stages):
            stages.append((kind, set()))
        stages[chosen][1].update(ring)
        place |= dict.fromkeys(ring, chosen)
    return tuple(
        Stage(kind, tuple(ops[i] for i in sorted(rows)), tuple(ops[i] for i in sorted(rows) if heavy[i]))  # type: ignore[arg-type]
        for kind, rows in stages
        if rows
    )


def _light_rows_between(
    stages: list[tuple[str, set[int]]],
    place: dict[int, int],
    kinds: dict[int, str],
    needs: dict[int, set[int]],
    heavy: list[bool],
    before: set[int],
) -> set[int]:
    """The light map rows that alone keep a loop from joining the last loop it depends on; empty if others do too."""
    rows: set[int] = set()
    ahead = list(before)
    loops = set()
    while ahead:
        i = ahead.pop()
        if kinds[i] == "scan":
            loops.add(place[i])
        if i in rows or kinds[i] != "map":
            continue
        rows.add(i)
        ahead += needs[i]
    if not loops:
        return set()
    last = max(loops)
    late = {i for i in rows if place[i] > last}
    return late if late and not any(heavy[i] for i in late) else set()


def wanted_reads(program: Program, stages: tuple[Stage, ...]) -> frozenset[str]:
    """This step's reads that are wanted at every step outside the stage that writes them."""
    wanted = {program.recorded_read(record.variable) for record in program.records}
    for stage in stages:
        for name in (base_name(read) for read in stage.reads):
            if name in program.written and any(name in other.writes for other in stages if other is not stage):
                wanted.add(program.written_read(name))
    return frozenset(wanted)
