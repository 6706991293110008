"""Long runs, chunk after chunk: compiled once, continued exactly, and kept as they go on."""

import contextlib
import dataclasses
import functools
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax.plan.records import finished, first_total
from spaic_jax.recording.divergence import diverged, first_beyond
from spaic_jax.recording.layout import Layout, layout_of, monitored, recorded
from spaic_jax.recording.parts import Folder, Memory, Parts
from spaic_jax.recording.pieces import RATE, Inputs, input_pieces, open_rows, part_of, piece_of
from spaic_jax.recording.progress import progress_bar
from spaic_jax.recording.recording import Recording
from spaic_jax.run import Simulator, Variables, compiled
from spaic_jax.run.check import batch_size_of, check_key
from spaic_jax.storage._tensors import CheckpointError, fingerprint

STEP, POSITION, TOTAL, ROWS = "[step]", "[position]", "[total]{}[{}]", "[rows]{}"


def simulate(
    sim: Simulator,
    variables: Variables,
    duration: float,
    inputs: Inputs = None,
    key: jax.Array | None = None,
    *,
    chunk: float | None = None,
    to: str | os.PathLike[str] | None = None,
    progress: bool = False,
) -> Recording:
    """A long run, in chunks: it takes the memory of a chunk, and gives what one run of all steps gives.

    One program is compiled for all chunks, whatever the duration; a shorter last one costs another. The whole run is one
    presentation. Spikes become pairs of a time and a neuron after each chunk, other probes stay arrays; with `to` all of it
    goes to disk as the run goes on. Equal chunks have equal tiles: where a chunk and a run of all steps have tiles of the same
    length, as with `Tiled(tile)` that divides the chunk or `Reference()`, both agree bit for bit, else to rounding.

    Args:
        sim: the simulator; that of `sim.train()` learns.
        variables: from `sim.init`, or from an earlier run to go on from there.
        duration: simulated time, ms; a whole number of steps.
        inputs: the data of every encoder by name, `[T, B, *shape]` of all steps or `[B, *shape]` held; or, for data that do
            not fit in memory, an iterable of them, one for each chunk.
        key: random key; may be left out where nothing is random.
        chunk: length of a chunk, ms; by default at most 1000 ms, and less where what is kept of it is large.
        to: folder of the recording, which must be new or empty; in memory by default.
        progress: whether to show a bar.

    Returns:
        What the monitors of the network kept; what its decoders would say of all steps is not.

    Raises:
        ValueError: as `Simulator.run`; a chunk that is no whole number of steps; a folder that holds something; inputs that
            end too early.
        FloatingPointError: a variable that is not finite or runs away, with its group, neuron and time; looked for once a
            chunk. The chunks before it are kept in the folder.
        OSError: where the folder cannot be written.
        ImportError: a bar without rich, a folder without safetensors.

    Example:
        >>> import jax, spaic_jax as sj
        >>> with sj.Network() as net:
        ...     drive = sj.Generator(2, coding_method="poisson_generator", rate=2.0)
        ...     layer = sj.NeuronGroup(3, model="lif")
        ...     synapses = sj.Connection(drive, layer, weight=[[1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
        ...     fired = sj.SpikeMonitor(layer)
        >>> sim = sj.build(net, dt=1.0)
        >>> recording = sj.simulate(sim, sim.init(jax.random.key(0)), 10_000.0, key=jax.random.key(1))
        >>> spikes = recording.spikes("fired")
        >>> spikes.num, spikes.stop, len(spikes) > 100
        (3, 10000.0, True)
    """
    if any(isinstance(x, jax.core.Tracer) for x in jax.tree.leaves((variables, key))):
        raise ValueError("simulate keeps what it records on the host: call it outside jax.jit, jax.grad and jax.vmap.")
    steps = sim.steps(duration)
    batch = batch_size_of(sim.program, variables) or 1
    check_key(sim.program, key)
    key = key if key is None or jnp.issubdtype(key.dtype, jax.dtypes.prng_key) else jax.random.wrap_key_data(key)
    layout = layout_of(sim.program, int(variables.step), batch, steps, chunk)
    given = input_pieces(sim.program, inputs, layout, 0)
    start = dataclasses.replace(variables, position=jnp.zeros((), jnp.int32))
    parts: Parts = Memory()
    if to is not None:
        parts = folder = Folder(to, sim.program)
        with _written(folder, layout):
            folder.check_free()
            folder.begin(layout, {**start.values, STEP: start.step, POSITION: start.position}, key)
    return _go_on(sim, layout, given, key, parts, _State(start, _first_totals(sim, layout)), 0, progress)


def resume(
    folder: str | os.PathLike[str], sim: Simulator, inputs: Inputs = None, *, progress: bool = False
) -> Recording:
    """Go on with a run of `simulate` that was stopped or killed, from its last whole chunk to its end.

    The result is that of a run that was never stopped. Of one that is finished already, nothing is computed.

    Args:
        folder: of the recording.
        sim: the simulator that was run, built anew.
        inputs: those of the whole run, as of `simulate`; those of chunks that are done are passed over.
        progress: whether to show a bar.

    Raises:
        CheckpointError: no recording, a damaged one, or one of another network.
        ValueError, FloatingPointError, OSError, ImportError: as `simulate`.

    Example:
        >>> import jax, spaic_jax as sj, tempfile
        >>> with sj.Network() as net:
        ...     drive = sj.Generator(1, coding_method="cc_generator", amp=0.3)
        ...     layer = sj.NeuronGroup(1, model="if")
        ...     synapses = sj.Connection(drive, layer, weight=[[1.0]])
        ...     fired = sj.SpikeMonitor(layer)
        >>> sim = sj.build(net, dt=1.0)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     recording = sj.simulate(sim, sim.init(jax.random.key(0)), 50.0, chunk=20.0, to=folder)
        ...     sj.resume(folder, sim).spikes("fired")
        Spikes(12 spikes of 1 neurons from 0 to 50 ms)
    """
    parts = Folder(folder, sim.program)
    layout = parts.layout()
    if layout.program != fingerprint(sim.program) or layout.dt != sim.program.dt:
        raise CheckpointError(f"'{folder}' is of another network: its states, constants, inputs or dt differ.")
    if layout.learning != sim.program.learning:
        modes = ("learns", "does not learn")
        raise CheckpointError(f"the simulator {modes[layout.learning]}, but the run in '{folder}' {modes[not layout.learning]}.")
    again = layout_of(sim.program, layout.first, layout.batch, layout.steps, layout.chunk * layout.dt)
    if again != layout:
        raise CheckpointError(f"'{folder}' was made with other monitors.")
    values = {v.name: jax.ShapeDtypeStruct(v.sized(layout.batch), v.dtype) for v in sim.program.variables if v.role != "input"}
    counts = dict.fromkeys((STEP, POSITION), jax.ShapeDtypeStruct((), "int32"))
    start, key = parts.read_start(values | counts)
    check_key(sim.program, key)
    totals = _first_totals(sim, layout)
    moving = {v.name: values[v.name] for v in sim.program.of_role("state", "plastic")} | counts

    def needed(chunks: int) -> dict[str, Any]:
        done = layout.bounds(chunks - 1)[1]
        rows = {
            name: np.zeros((open_rows(kept, done), *kept.shape), jnp.dtype(kept.seen))
            for name, kept in layout.kept.items() if kept.kind == "rows" and kept.bins > 1
        }
        return moving | _State.named(totals, rows)

    arrays, done = parts.read_state(needed)
    merged = start | {name: x for name, x in arrays.items() if name in start}
    variables = Variables.of(sim.program, merged, merged[STEP], merged[POSITION])
    state = _State.of(variables, totals, arrays) if done else _State(variables, totals)
    given = input_pieces(sim.program, inputs, layout, done)
    return _go_on(sim, layout, given, key, parts, state, done, progress)


@dataclasses.dataclass(frozen=True)
class _State:
    """What a chunk goes on from.

    Attributes:
        variables: after the chunk before.
        totals: of the monitors that reduce, by name.
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


def _first_totals(sim: Simulator, layout: Layout) -> dict[str, Any]:
    records = {name: record for name, record in monitored(sim.program).items() if record.reduce is not None}
    return {name: first_total(sim.program, record, layout.batch) for name, record in records.items()}


def _go_on(
    sim: Simulator, layout: Layout, given: Iterator[dict[str, Any]], key: jax.Array | None, parts: Parts,
    state: _State, done: int, progress: bool,
) -> Recording:
    """All chunks from the number `done` on, and the end."""
    engine = dataclasses.replace(sim.engine, program=recorded(sim.engine.program))
    variables, totals = state.variables, state.totals
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
            rates = {name: np.asarray(values[record]) / (end - begin) for name, record in health.items()}
            new = _State(after, {name: values[name] for name in totals}, rest)
            with _written(parts, layout):
                parts.add(number, part | {RATE.format(name): rate for name, rate in rates.items()}, new.arrays())
            spikes = sum(float(rate) * layout.groups[name] for name, rate in rates.items())
            report(end * layout.dt, spikes * 1000 / layout.dt)

        for number, inputs in enumerate(given, done):
            begin, end = layout.bounds(number)
            piece = piece_of(layout, number, totals)
            moved, values, beyond = compiled.piece(engine, variables, inputs, key, end - begin, piece)
            before, variables = variables, variables.moved(moved)
            totals = {name: values[name] for name in totals}
            if waiting is not None:
                # While the device computes this chunk, the one before is kept.
                waiting()
            waiting = functools.partial(keep, number, before, variables, inputs, values, beyond)
        if waiting is not None:
            waiting()
    if not parts.totals():
        with _written(parts, layout):
            parts.end(_finished(sim, layout, variables, totals))
    return Recording(layout, parts, variables)


def _finished(sim: Simulator, layout: Layout, variables: Variables, totals: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """What has been reduced over the whole run."""
    values, made = variables.astype(sim.program).values, {}
    for name, total in totals.items():
        record, count = monitored(sim.program)[name], len(layout.kept[name].steps())
        # Compiled as in a run, whose division by a number may be a product.
        made[name] = np.asarray(jax.jit(lambda total, fixed, r=record, n=count: finished(r, total, n, fixed))(
            total, {name: values[name] for name in record.constants}
        ))
    return made


@contextlib.contextmanager
def _written(parts: Parts, layout: Layout) -> Iterator[None]:
    """Say of an error of the disk how much is kept."""
    try:
        yield
    except OSError as error:
        if not isinstance(parts, Folder):
            raise
        done = min(len(parts) * layout.chunk, layout.steps) * layout.dt
        kept = f"its first {done:g} ms are kept, and resume goes on from there" if done else "nothing of it is kept"
        raise OSError(f"cannot write the recording to '{parts.path}': {error.strerror or error}; {kept}.") from error
