"""Long runs, chunk after chunk: compiled once, continued exactly, and kept as they go on."""

import dataclasses
import os
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh

from spaic_jax._numbers import whole
from spaic_jax.plan.layout import Layout, as_layout
from spaic_jax.recording.chunks import POSITION, STEP, State, first_totals, go_on, written
from spaic_jax.recording.layout import layout_of
from spaic_jax.recording.parts import Folder, Memory, Parts
from spaic_jax.recording.pieces import Inputs, input_pieces, open_rows
from spaic_jax.recording.recording import Recording
from spaic_jax.run import Simulator, Variables
from spaic_jax.run.check import batch_size_of, check_key
from spaic_jax.run.start import placed
from spaic_jax.storage._tensors import CheckpointError, fingerprint


def simulate(
    sim: Simulator,
    variables: Variables,
    duration: float,
    inputs: Inputs = None,
    key: jax.Array | None = None,
    *,
    chunk: float | None = None,
    to: str | os.PathLike[str] | None = None,
    mesh: Mesh | Layout | None = None,
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
        to: folder of the recording, which must be new or empty; in memory by default. Of several processes all see it, and process 0
            writes; each writes its share of what they share out.
        mesh: devices that share out the network, as of `spaic_jax.place`: its neurons and the rows of its weights over an axis
            `"model"`, its samples over an axis `"data"`. What is recorded is that of one device.
        progress: whether to show a bar.

    Returns:
        What the monitors of the network kept, and what its decoders say of the whole run, unless they need all steps at once: for
        those take `Simulator.run`, or a monitor.

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
    first = int(variables.step)
    whole(first + steps, "the number of steps of all runs")
    layout = layout_of(sim.program, first, batch, steps, chunk)
    given = input_pieces(sim.program, inputs, layout, 0)
    start, on = dataclasses.replace(variables, position=jnp.zeros((), jnp.int32)), None if mesh is None else as_layout(mesh)
    if on is not None:
        start = placed(sim.program, start, on)
    parts: Parts = Memory()
    if to is not None:
        parts = folder = Folder(to, sim.program, on)
        with written(folder, layout):
            folder.check_free()
            folder.begin(layout, {**start.values, STEP: start.step, POSITION: start.position}, key)
    return go_on(sim, layout, given, key, parts, State(start, first_totals(sim, layout)), 0, progress, on)


def resume(
    folder: str | os.PathLike[str], sim: Simulator, inputs: Inputs = None, *, mesh: Mesh | Layout | None = None, progress: bool = False
) -> Recording:
    """Go on with a run of `simulate` that was stopped or killed, from its last whole chunk to its end.

    The result is that of a run that was never stopped. Of one that is finished already, nothing is computed.

    Args:
        folder: of the recording.
        sim: the simulator that was run, built anew.
        inputs: those of the whole run, as of `simulate`; those of chunks that are done are passed over.
        mesh: devices that share out the network, as of `simulate`; those that it was begun on may be others.
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
    on = None if mesh is None else as_layout(mesh)
    parts = Folder(folder, sim.program, on)
    layout = parts.layout()
    if layout.blocks != sim.program.blocks:
        raise CheckpointError(f"'{folder}' is of a network in {layout.blocks} blocks, not in {sim.program.blocks}: build with blocks={layout.blocks}.")
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
    totals = first_totals(sim, layout)
    moving = {v.name: values[v.name] for v in sim.program.of_role("state", "plastic")} | counts

    def needed(chunks: int) -> dict[str, Any]:
        done = layout.bounds(chunks - 1)[1]
        rows = {
            name: np.zeros((open_rows(kept, done), *kept.shape), jnp.dtype(kept.seen))
            for name, kept in layout.kept.items() if kept.kind == "rows" and kept.bins > 1
        }
        return moving | State.named(totals, rows)

    arrays, done = parts.read_state(needed)
    merged = start | {name: x for name, x in arrays.items() if name in start}
    variables = Variables.of(sim.program, merged, merged[STEP], merged[POSITION])
    state = State.of(variables, totals, arrays) if done else State(variables, totals)
    given = input_pieces(sim.program, inputs, layout, done)
    return go_on(sim, layout, given, key, parts, state, done, progress, on)
