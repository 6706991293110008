"""What a recording says of itself: the steps of the run, and which of them each monitor looks at."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, Literal, Self, get_args

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax.plan.records import finished, first_total, seen_struct
from spaic_jax.program import Program, Record
from spaic_jax.program.program import whole_steps
from spaic_jax.storage._tensors import fingerprint

#: How a monitor's values are kept: spikes as pairs of a step and a neuron, rows one after the other, or one total.
Kind = Literal["spikes", "rows", "total"]

#: The longest chunk that is chosen by itself, ms, and the bytes that what is kept of it may take on the device.
LONGEST, ROOM = 1000.0, 2**28


@dataclasses.dataclass(frozen=True)
class Kept:
    """What is kept of a monitor.

    Attributes:
        kind: how.
        start, stop, every: the steps of the run that it looks at, as of `range`.
        bins: a row is the mean of so many of these steps.
        shape: of one step's value, of a row, or of the total.
        dtype: of the same.
        seen: the dtype of one step's value.
    """

    kind: Kind
    start: int
    stop: int
    every: int
    bins: int
    shape: tuple[int, ...]
    dtype: str
    seen: str

    def steps(self, done: int | None = None) -> range:
        """The steps that it looks at among the first `done`."""
        return range(self.start, self.stop if done is None else min(self.stop, done), self.every)

    def rows(self, done: int) -> int:
        """How many rows are complete after `done` steps."""
        seen, whole = len(self.steps(done)), len(self.steps())
        return -(-seen // self.bins) if seen == whole else seen // self.bins

    def ends(self, done: int) -> np.ndarray:
        """For each row that is complete, how many steps are over."""
        last = np.minimum((np.arange(self.rows(done), dtype=np.int64) + 1) * self.bins, len(self.steps())) - 1
        return self.start + last * self.every + 1


@dataclasses.dataclass(frozen=True)
class Layout:
    """A run in chunks, and what is kept of it.

    Attributes:
        dt: length of a step, ms.
        first: steps that were done before the run.
        steps: steps of the run.
        chunk: steps of a chunk; the last one may be shorter.
        batch: number of samples.
        learning: whether learning rules change weights.
        program: the digest of the network.
        groups: neurons of each spiking group, by variable.
        kept: what is kept, by name of the monitor or decoder.
        outputs: those of decoders.
        blocks: in how many blocks the synapses are: see `spaic_jax.build`.
    """

    dt: float
    first: int
    steps: int
    chunk: int
    batch: int
    learning: bool
    program: str
    groups: Mapping[str, int]
    kept: Mapping[str, Kept]
    outputs: tuple[str, ...] = ()
    blocks: int = 1

    @property
    def chunks(self) -> int:
        """How many there are."""
        return math.ceil(self.steps / self.chunk)

    def bounds(self, number: int) -> tuple[int, int]:
        """The first step of a chunk, and the one after its last."""
        return number * self.chunk, min((number + 1) * self.chunk, self.steps)

    def time(self, step: Any) -> Any:
        """When so many steps of the run are over, ms since the first step of all runs."""
        return (self.first + step) * self.dt

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """From plain values.

        Raises:
            KeyError, TypeError, ValueError: where they are no layout.
        """
        kept = {}
        for name, each in values["kept"].items():
            kept[name] = Kept(**{**each, "shape": tuple(int(n) for n in each["shape"])})
            if kept[name].kind not in get_args(Kind) or min(kept[name].every, kept[name].bins) < 1:
                raise ValueError(f"unknown way to keep '{name}'")
            jnp.dtype(kept[name].dtype), jnp.dtype(kept[name].seen)
        layout = cls(**{**values, "kept": kept, "outputs": tuple(values.get("outputs", ()))})
        if not (layout.dt > 0 and min(layout.steps, layout.chunk, layout.batch) >= 1 and layout.first >= 0):
            raise ValueError("no steps")
        return layout


def recorded(program: Program) -> Program:
    """The program of a chunk: what is watched and health keep, and none of it finished."""
    there = {*watched(program), *(record.name for record in program.kept if record.kind == "health")}
    records = tuple(
        dataclasses.replace(record, bins=1, finish=None, constants=(), settings=())
        for record in program.records
        if record.name in there
    )
    return dataclasses.replace(program, records=records)


def watched(program: Program) -> dict[str, Record]:
    """The records of monitors, by name, and those of decoders that need no more than a chunk at once."""
    return {
        record.name: record
        for record in program.kept
        if record.kind == "probe" or (record.kind == "output" and not _needs_all(record))
    }


def _needs_all(record: Record) -> bool:
    """Whether something is made of all rows, which a run in chunks never has at once."""
    return record.reduce is None and record.finish is not None


def layout_of(program: Program, first: int, batch: int, steps: int, chunk: float | None) -> Layout:
    """The layout of a run.

    Raises:
        ValueError: a chunk that is no whole number of steps; a monitor that looks at none of the steps; one that makes
            something of all its rows.
    """
    kept = {}
    for name, record in watched(program).items():
        chosen = record.steps.of(steps)
        if not chosen:
            raise ValueError(f"'{name}' looks at no step of a run of {steps} steps.")
        if _needs_all(record):
            raise ValueError(f"'{name}' makes something of all its rows (finish), which a run in chunks never has at once.")
        seen, made = _structs(program, record, batch, len(chosen))
        v = program.by_name.get(record.variable)
        spikes = record.kind == "probe" and seen.dtype == bool and (v is None or bool(v.batched)) and record.bins == 1
        kind: Kind = "total" if record.reduce is not None else "spikes" if spikes else "rows"
        kept[name] = Kept(kind, chosen.start, chosen.stop, chosen.step, record.bins, made.shape, str(made.dtype), str(seen.dtype))
    size = _default_chunk(program, batch, kept) if chunk is None else whole_steps(chunk, program.dt, "a chunk")
    groups = {
        record.variable: math.prod(program.struct(program.recorded_read(record.variable), 1).shape)
        for record in program.kept if record.kind == "health"
    }
    outputs = tuple(name for name, record in watched(program).items() if record.kind == "output")
    return Layout(program.dt, first, steps, size, batch, program.learning, fingerprint(program), groups, kept, outputs, program.blocks)


def _structs(
    program: Program, record: Record, batch: int, count: int
) -> tuple[jax.ShapeDtypeStruct, jax.ShapeDtypeStruct]:
    """Of what a record sees of one step, and of a row or of the total that it keeps."""
    seen = seen_struct(program, record, batch)
    if record.reduce is None:
        rows = jax.ShapeDtypeStruct((record.bins, *seen.shape), seen.dtype)
        row = jax.eval_shape(lambda x: finished(record, x, record.bins, {}), rows)
        return seen, jax.ShapeDtypeStruct(seen.shape, row.dtype)
    fixed = {name: program.struct(name, batch) for name in record.constants}
    total = jax.eval_shape(lambda given: finished(record, first_total(program, record, batch), count, given), fixed)
    return seen, total


def _default_chunk(program: Program, batch: int, kept: Mapping[str, Kept]) -> int:
    """Steps of a chunk that is chosen by itself: the same for any duration."""
    stacked = (each for each in kept.values() if each.kind != "total")
    rows = sum(math.prod(each.shape) * jnp.dtype(each.seen).itemsize / each.every for each in stacked)
    given = sum(_bytes(program.struct(v.name, batch)) for v in program.of_role("input") if v.axes != "held" and not v.optional)
    fitting = int(ROOM / max(rows + given, 1.0))
    longest = max(1, round(LONGEST / program.dt))
    # A power of two has divisors, as tiles like them.
    return longest if fitting >= longest else 2 ** max(0, fitting.bit_length() - 1)


def _bytes(struct: jax.ShapeDtypeStruct) -> int:
    return math.prod(struct.shape) * struct.dtype.itemsize
