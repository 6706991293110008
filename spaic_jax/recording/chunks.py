"""The chunks of a long run, one after the other, and what one leaves to the next."""

import contextlib
import dataclasses
import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self

import jax
import numpy as np
from jax.sharding import NamedSharding, PartitionSpec

from spaic_jax.plan import layout as devices
from spaic_jax.plan.records import finished, first_total
from spaic_jax.program import Program
from spaic_jax.recording.divergence import diverged, first_beyond
from spaic_jax.recording.layout import Layout, recorded, watched
from spaic_jax.recording.parts import Folder, Parts
from spaic_jax.recording.pieces import RATE, part_of, piece_of
from spaic_jax.recording.progress import progress_bar
from spaic_jax.recording.recording import Recording
from spaic_jax.run import Simulator, Variables, compiled
from spaic_jax.run.start import placed

#: Names in a file of what a chunk goes on from; no variable can be called so.
STEP, POSITION, TOTAL, ROWS = "[step]", "[position]", "[total]{}[{}]", "[rows]{}"


@dataclasses.dataclass(frozen=True)
class State:
    """What a chunk goes on from.

    Attributes:
        variables: after the chunk before.
        totals: of what reduces, by name.
        rows: those of bins that are not complete, by name.
    """

    variables: Variables
    totals: Mapping[str, Any]
    rows: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict)

    def arrays(self) -> dict[str, Any]:
        """What a run moves, by names for a file."""
        variables = self.variables
        arrays = {**variables.state, **variables.plastic, STEP: variables.step, POSITION: variables.position}
        return arrays | self.named(self.totals, self.rows)

    @staticmethod
    def named(totals: Mapping[str, Any], rows: Mapping[str, Any]) -> dict[str, Any]:
        """The arrays of totals and rows by names for a file; no variable can be called so."""
        leaves = {TOTAL.format(name, i): x for name, total in totals.items() for i, x in enumerate(jax.tree.leaves(total))}
        return leaves | {ROWS.format(name): x for name, x in rows.items()}

    @classmethod
    def of(cls, variables: Variables, totals: Mapping[str, Any], arrays: Mapping[str, Any]) -> Self:
        """The state of some variables; `totals` has the structure of those in the arrays."""
        read = {}
        for name, total in totals.items():
            leaves, structure = jax.tree.flatten(total)
            read[name] = jax.tree.unflatten(structure, [arrays[TOTAL.format(name, i)] for i in range(len(leaves))])
        prefix = ROWS.format("")
        return cls(variables, read, {n.removeprefix(prefix): np.asarray(x) for n, x in arrays.items() if n.startswith(prefix)})


def first_totals(sim: Simulator, layout: Layout) -> dict[str, Any]:
    """What the monitors and decoders that reduce begin with, by name."""
    records = {name: record for name, record in watched(sim.program).items() if record.reduce is not None}
    return {name: first_total(sim.program, record, layout.batch) for name, record in records.items()}


def go_on(
    sim: Simulator, layout: Layout, given: Iterator[dict[str, Any]], key: jax.Array | None, parts: Parts,
    state: State, done: int, progress: bool, on: devices.Layout | None = None,
) -> Recording:
    """All chunks from the number `done` on, and the end.

    Args:
        sim: what is run.
        layout: of the run.
        given: the inputs of each of these chunks.
        key: random key of the run.
        parts: where they are kept.
        state: what the first of them goes on from.
        done: how many are done before.
        progress: whether to show a bar.
        on: the devices that share it out.
    """
    sim = sim if on is None else sim.at(on.where)
    engine = dataclasses.replace(sim.engine, program=recorded(sim.engine.program))
    variables, totals = state.variables, state.totals
    if on is not None:
        variables = placed(sim.program, variables, on)
        totals, key = on.put((totals, key))
    waiting: Callable[[], None] | None = None
    rest = state.rows
    health = {record.variable: record.name for record in engine.program.kept if record.kind == "health"}
    with progress_bar(progress, layout.bounds(done)[0] * layout.dt, layout.steps * layout.dt) as report:

        def keep(number: int, before: Variables, after: Variables, inputs: Any, values: Any, beyond: Any) -> None:
            nonlocal rest
            if (seen := first_beyond(beyond)) is not None:
                raise diverged(sim, layout, number, before, inputs, key, seen)
            begin, end = layout.bounds(number)
            part, rest = part_of(layout, number, values, rest)
            rates = {name: np.asarray(values[record]).mean() / (end - begin) for name, record in health.items()}
            new = State(after, {name: values[name] for name in totals}, rest)
            with written(parts, layout):
                parts.add(number, part | {RATE.format(name): rate for name, rate in rates.items()}, new.arrays())
            spikes = sum(float(rate) * layout.groups[name] for name, rate in rates.items())
            report(end * layout.dt, spikes * 1000 / layout.dt)

        for number, inputs in enumerate(given, done):
            begin, end = layout.bounds(number)
            piece = piece_of(layout, number, totals)
            inputs = inputs if on is None else _laid(sim.program, inputs, on)
            moved, values, beyond = compiled.piece(engine, variables, inputs, key, end - begin, piece)
            before, variables = variables, variables.moved(moved)
            if on is not None:
                # What is kept is whole in every process; what goes on lies as it did, so that nothing is compiled anew.
                variables = placed(sim.program, variables, on)
                values, beyond = on.collected((values, beyond))
            totals = {name: values[name] for name in totals}
            if waiting is not None:
                # While the device computes this chunk, the one before is kept.
                waiting()
            waiting = functools.partial(keep, number, before, variables, inputs, values, beyond)
        if waiting is not None:
            waiting()
    if not parts.totals():
        with written(parts, layout):
            parts.end(_finished(sim, layout, variables, totals))
    return Recording(layout, parts, variables)


def _finished(sim: Simulator, layout: Layout, variables: Variables, totals: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """What has been reduced over the whole run."""
    values, made = variables.astype(sim.program).values, {}
    for name, total in totals.items():
        record, count = watched(sim.program)[name], len(layout.kept[name].steps())
        # Compiled as in a run, whose division by a number may be a product.
        made[name] = np.asarray(devices.gathered(jax.jit(lambda total, fixed, r=record, n=count: finished(r, total, n, fixed))(
            total, {name: values[name] for name in record.constants}
        )))
    return made


def _laid(program: Program, inputs: Mapping[str, Any], on: devices.Layout) -> dict[str, Any]:
    """Inputs on the devices of a layout, each with those of its samples."""
    spec = {name: on.spec(program.by_name[name]) for name in inputs}
    timed = {name: x.ndim == len(program.by_name[name].shape) + 2 for name, x in inputs.items()}
    at = {name: PartitionSpec(*[None] * timed[name], *each) for name, each in spec.items()}
    return {name: devices.put(x, NamedSharding(on.mesh, at[name])) for name, x in inputs.items()}


@contextlib.contextmanager
def written(parts: Parts, layout: Layout) -> Iterator[None]:
    """Say of an error of the disk how much is kept."""
    try:
        yield
    except OSError as error:
        if not isinstance(parts, Folder):
            raise
        done = min(len(parts) * layout.chunk, layout.steps) * layout.dt
        kept = f"its first {done:g} ms are kept, and resume goes on from there" if done else "nothing of it is kept"
        raise OSError(f"cannot write the recording to '{parts.path}': {error.strerror or error}; {kept}.") from error
