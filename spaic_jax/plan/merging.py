"""Many connections that deliver by events in one loop, as one: their spikes are looked for once, and one call delivers them all.

What several rows read is joined, `[B, sources]`, and so is what they write, `[B, targets]`; the synapses of a presynaptic neuron lie
in one row whatever connections they are of. The joined tables are made once a run.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Iterable, Sequence

import jax
import jax.numpy as jnp

from spaic_jax._times import Deliver
from spaic_jax.native.delivery import deliver
from spaic_jax.plan.products import only_delivers
from spaic_jax.plan.scan import Scan
from spaic_jax.plan.stage import Once, Stage
from spaic_jax.plan.stages import find_stages
from spaic_jax.program import Op, Program


def joined(*tables: jax.Array, sources: tuple[int, ...], first: tuple[int, ...]) -> tuple[jax.Array, jax.Array, jax.Array]:
    """The weights, `post` and `start` of several connections in one table.

    Args:
        *tables: weights, `post` and `start` of each.
        sources: where the presynaptic neurons of each begin among all sources.
        first: where the postsynaptic ones of each begin among all targets, in order.
    """
    weights, posts, starts = tables[0::3], tables[1::3], tables[2::3]
    pre = max(place + start.size - 1 for place, start in zip(sources, starts, strict=True))
    lengths = jnp.zeros((len(starts), pre), jnp.int32)
    for number, (place, start) in enumerate(zip(sources, starts, strict=True)):
        lengths = lengths.at[number, place : place + start.size - 1].set(jnp.diff(start))
    start = jnp.concatenate([jnp.zeros(1, jnp.int32), jnp.cumsum(lengths.sum(0, dtype=jnp.int32))])
    # In a row, the synapses of one connection follow those of another.
    before = start[None, :-1] + jnp.cumsum(lengths, axis=0) - lengths
    places = []
    for number, (place, own) in enumerate(zip(sources, starts, strict=True)):
        # How far a row is moved, at its first synapse as more than the row before it.
        moved = before[number, place : place + own.size - 1] - own[:-1]
        more = jnp.zeros(posts[number].size, jnp.int32).at[own[:-1]].add(
            jnp.concatenate([moved[:1], jnp.diff(moved)]), mode="drop"
        )
        places.append(jnp.arange(more.size, dtype=jnp.int32) + jnp.cumsum(more))
    all_places = jnp.concatenate(places)
    post = jnp.concatenate([post + jnp.int32(begin) for post, begin in zip(posts, first, strict=True)])
    made = jnp.zeros_like(post).at[all_places].set(post, unique_indices=True)
    weight = jnp.zeros(post.shape, weights[0].dtype).at[all_places].set(jnp.concatenate(weights), unique_indices=True)
    return weight, made, start


def delivered_together(
    weight: jax.Array,
    post: jax.Array,
    start: jax.Array,
    *sources: jax.Array,
    shapes: tuple[tuple[int, ...], ...],
    deliver: Deliver = deliver,
) -> tuple[jax.Array, ...]:
    """What several groups receive, `[B, *shape]` for each of `shapes`, from all sources."""
    batch = sources[0].shape[0]
    events = jnp.concatenate([source.reshape(batch, -1) for source in sources], axis=1)
    sizes = [math.prod(shape) for shape in shapes]
    current = deliver(events, weight, post, start, columns=sum(sizes))
    ends = [sum(sizes[: number + 1]) for number in range(len(sizes))]
    return tuple(
        current[:, end - size : end].reshape(batch, *shape) for shape, size, end in zip(shapes, sizes, ends, strict=True)
    )


#: Rows that are worth a table: in plain JAX, where each row is a loop of its own, and by the kernels, where it is a cheap call.
LEAST, LEAST_COMPILED = 2, 8


@functools.lru_cache(maxsize=256)
def merged(program: Program, varying: frozenset[str], least: int = LEAST) -> Program:
    """The program with one row in place of those that deliver in one loop, without a delay and with weights that stay the same.

    Args:
        program: what to run.
        varying: the sequences.
        least: how many rows there must be.
    """
    stages, ops = find_stages(program, varying), program.rows
    once = {name for stage in stages if isinstance(stage, Once) for name in stage.writes}
    fixed = frozenset(once | {v.name for v in program.variables}) - program.carried - varying
    for stage in stages:
        # Windows take a loop apart by themselves.
        for group in _groups(program, stage, fixed) if type(stage) is Scan else ():
            ops = _replaced(program, ops, group) if len(group) >= least else ops
    if ops is program.rows:
        return program
    return dataclasses.replace(program, ops=(*ops, *(op for op in program.ops if op not in program.rows)))


def _groups(program: Program, stage: Stage, fixed: frozenset[str]) -> Iterable[list[Op]]:
    """The rows of a loop that can be one: none of a group needs what another one writes in the same step."""
    writers: dict[str, list[Op]] = {}
    for op in stage.ops:
        for name in op.outputs:
            writers.setdefault(program.written_read(name), []).append(op)
    levels: dict[int, int] = {}
    groups: dict[int, list[Op]] = {}
    for op in stage.ops:
        behind = (levels[id(other)] for read in op.inputs for other in writers.get(read, ()) if id(other) in levels)
        levels[id(op)] = level = max(behind, default=0)
        if only_delivers(op) and op.when == "always" and fixed.issuperset(op.inputs[1:]):
            dtype = program.struct(op.inputs[1], 1).dtype
            if all(program.struct(other.inputs[1], 1).dtype == dtype for other in groups.get(level, ())):
                groups.setdefault(level, []).append(op)
                levels[id(op)] = level + 1
    return groups.values()


def _replaced(program: Program, ops: tuple[Op, ...], group: Sequence[Op]) -> tuple[Op, ...]:
    """Rows with one in place of a group, where all that it reads is there."""
    targets = tuple(dict.fromkeys(op.outputs[0] for op in group))
    shapes = {op.outputs[0]: dict(op.settings)["shape"] for op in group}
    begins, total = dict[str, int](), 0
    for target in targets:
        begins[target] = total
        total += math.prod(shapes[target])
    # A row is sorted by where it goes: two ways from one source to one target are two sources.
    group = sorted(group, key=lambda op: begins[op.outputs[0]])
    sources: dict[tuple[str, int], int] = {}
    places, pre = [], 0
    for op in group:
        ways = sum(other.inputs[0] == op.inputs[0] and other.outputs == op.outputs for other in group[: group.index(op)])
        if (source := (op.inputs[0], ways)) not in sources:
            sources[source] = pre
            pre += math.prod(program.struct(op.inputs[0], 1).shape[1:])
        places.append(sources[source])
    names = ", ".join(op.name for op in group)
    # No member of a network has such a name.
    tables = tuple(f"{names}: {part}" for part in ("weight", "post", "start"))
    table = Op(
        tables, joined, tuple(read for op in group for read in op.inputs[1:]), name=f"tables of {names}",
        settings={"sources": tuple(places), "first": tuple(begins[op.outputs[0]] for op in group)},
    )
    together = Op(
        targets, delivered_together, (*tables, *(read for read, _ in sources)), name=names,
        settings={"shapes": tuple(shapes[target] for target in targets)},
    )
    return _ordered(program, [table, together, *(op for op in ops if op not in group)])


def _ordered(program: Program, ops: Sequence[Op]) -> tuple[Op, ...]:
    """Rows in an order in which each follows those whose values of this step it reads, else as they are."""
    left = {id(op): op for op in ops}
    writers: dict[str, set[int]] = {}
    for op in ops:
        for name in op.outputs:
            writers.setdefault(program.written_read(name), set()).add(id(op))
    made: list[Op] = []
    while left:
        ready = [op for op in left.values() if not any(writers.get(read, set()) & left.keys() for read in op.inputs)]
        for op in ready:
            del left[id(op)]
        made += ready
    return tuple(made)
