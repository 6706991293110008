"""What a chunk is given, and what is made of what its records kept."""

import functools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax.plan.base import Look, Piece
from spaic_jax.plan.records import binned
from spaic_jax.program import Program
from spaic_jax.recording.layout import Kept, Layout
from spaic_jax.run.check import check_inputs
from spaic_jax.run.inputs import check_values, from_sequences

Inputs = Mapping[str, Any] | Iterable[Mapping[str, Any]] | None

#: Names of the arrays of a part: of a spike monitor the number of spikes of each sample, their steps and neurons in order
#: of sample, step and neuron; and the spikes a neuron and step of each group. No monitor can be called so.
NUMBER, STEPS, NEURONS, RATE = "{}[number]", "{}[step]", "{}[neuron]", "[rate]{}"


def input_pieces(program: Program, inputs: Inputs, layout: Layout, done: int) -> Iterator[dict[str, Any]]:
    """The inputs of each chunk from the number `done` on, as arrays of the device.

    Raises:
        ValueError: one sentence about what does not fit; at once where all of it is given, else chunk by chunk.
    """
    if inputs is None or isinstance(inputs, Mapping):
        given = dict(inputs or {})
        arrays, _ = check_inputs(program, given, layout.batch, layout.steps)
        check_values(program, given, layout.steps)
        arrays |= from_sequences(program, given, part=False)
        return _cut(program, arrays, layout, done)
    return _one_by_one(program, inputs, layout, done)


def _cut(program: Program, arrays: Mapping[str, Any], layout: Layout, done: int) -> Iterator[dict[str, Any]]:
    declared = program.by_name
    timed = {name for name, x in arrays.items() if x.ndim == len(declared[name].shape) + 2}
    held = {name: jnp.asarray(x, declared[name].dtype) for name, x in arrays.items() if name not in timed}
    for number in range(done, layout.chunks):
        begin, end = layout.bounds(number)
        yield held | {name: jnp.asarray(arrays[name][begin:end], declared[name].dtype) for name in timed}


def _one_by_one(
    program: Program, inputs: Iterable[Mapping[str, Any]], layout: Layout, done: int
) -> Iterator[dict[str, Any]]:
    declared, number = program.by_name, 0
    for number, each in enumerate(inputs, 1):
        if number <= done:
            continue
        begin, end = layout.bounds(number - 1)
        given = dict(each)
        try:
            arrays, _ = check_inputs(program, given, layout.batch, end - begin)
        except ValueError as error:
            raise ValueError(f"the inputs of chunk {number} of {layout.chunks}: {error}") from error
        check_values(program, given, layout.steps)
        arrays |= from_sequences(program, given, part=layout.chunks > 1)
        yield {name: jnp.asarray(x, declared[name].dtype) for name, x in arrays.items()}
        if number == layout.chunks:
            return
    raise ValueError(f"the inputs end after {number} of {layout.chunks} chunks of {layout.chunk} steps.")


def piece_of(layout: Layout, number: int, totals: Mapping[str, Any]) -> Piece:
    """What the records see of a chunk."""
    begin, end = layout.bounds(number)
    looks = {}
    for name, kept in layout.kept.items():
        before, after = len(kept.steps(begin)), len(kept.steps(end))
        start = kept.start + before * kept.every - begin
        looks[name] = Look(np.int32(start), np.int32(after - before), totals.get(name))
    return Piece(np.int32(begin), np.int32(layout.steps), looks)


def part_of(
    layout: Layout, number: int, values: Mapping[str, Any], rest: Mapping[str, np.ndarray]
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """The arrays of a chunk that are kept, and the rows of bins that it leaves open.

    Args:
        layout: of the run.
        number: of the chunk.
        values: what the records have, by name.
        rest: rows that the chunk before has left open, by name.
    """
    begin, end = layout.bounds(number)
    part: dict[str, np.ndarray] = {}
    left = {}
    for name, kept in layout.kept.items():
        if kept.kind == "total":
            continue
        steps = kept.steps()[len(kept.steps(begin)) : len(kept.steps(end))]
        rows = np.asarray(values[name])
        # A view would keep the room of a whole chunk.
        rows = rows if len(rows) == len(steps) else rows[: len(steps)].copy()
        if kept.kind == "spikes":
            at, samples, neurons = pairs(rows)
            part[NUMBER.format(name)] = np.bincount(samples, minlength=layout.batch)
            part[STEPS.format(name)] = (steps.start + at * steps.step).astype(np.int32)
            part[NEURONS.format(name)] = neurons.astype(np.int32)
        elif kept.bins == 1:
            part[name] = rows
        else:
            rows = np.concatenate([rest[name], rows]) if name in rest else rows
            closed = (kept.rows(end) - kept.rows(begin)) * kept.bins
            part[name] = np.asarray(_binned(rows[:closed], kept.bins)) if closed else rows[:0]
            left[name] = rows[closed:]
    return part, left


_binned = functools.partial(jax.jit, static_argnames="size")(binned)


def open_rows(kept: Kept, done: int) -> int:
    """How many rows wait for their bin to be complete after `done` steps."""
    return len(kept.steps(done)) - min(kept.rows(done) * kept.bins, len(kept.steps(done)))


def pairs(raster: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Row, sample and neuron of each spike of `[T, B, *shape]`, in order of sample, row and neuron."""
    flat = np.ascontiguousarray(raster).reshape(-1)
    if flat.size % 8:
        index = np.flatnonzero(flat)
    else:
        # Spikes are rare: eight numbers at a time are told to be silent.
        words = np.flatnonzero(flat.view(np.uint64))
        word, byte = np.nonzero(flat.reshape(-1, 8)[words])
        index = words[word] * 8 + byte
    size = int(np.prod(raster.shape[2:], dtype=np.int64))
    index, neurons = np.divmod(index, size)
    rows, samples = np.divmod(index, raster.shape[1])
    order = np.argsort(samples, kind="stable") if raster.shape[1] > 1 else slice(None)
    return rows[order], samples[order], neurons[order]
