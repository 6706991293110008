"""What a loss depends on, and how it follows from what comes in."""

import dataclasses
from collections.abc import Collection

from spaic_jax.gradients.neurons import Neurons, currents_of, is_model, is_synapse
from spaic_jax.program import Last, Mean, Op, Program, Record, Sum
from spaic_jax.program.op import base_name


@dataclasses.dataclass(frozen=True)
class Readout:
    """A variable that the loss depends on.

    Attributes:
        records: what is kept of it.
        read: its read.
        neurons: the group that it belongs to, if any, with the synapses that alone make its input.
    """

    records: tuple[Record, ...]
    read: str
    neurons: Neurons | None

    @property
    def is_filter(self) -> bool:
        """Whether it follows from the group's one input by a linear filter that is the same for all neurons."""
        if self.neurons is None or len(self.neurons.currents) != 1 or not self.neurons.states:
            return False
        own = {entry for entry in self.neurons.entries if entry[0] == self.read}
        return self.neurons.is_uniform and own <= self.neurons.uniform


def readouts_of(rule: str, program: Program, rows: tuple[Op, ...], names: Collection[str]) -> tuple[Readout, ...]:
    """The variables that some records keep.

    Raises:
        ValueError: a record that is no sum, mean, last value or series, by name.
    """
    found: dict[str, list[Record]] = {}
    for record in program.kept:
        if record.name not in names:
            continue
        if record.reduce is not None and type(record.reduce) not in (Sum, Mean, Last):
            raise ValueError(
                f"{rule} covers outputs that are a sum, a mean, the last value or every step of a variable, but '{record.name}'"
                f" is the {type(record.reduce).__name__} of '{record.variable}': train it by BPTT()."
            )
        found.setdefault(program.recorded_read(record.variable), []).append(record)
    readouts = []
    for read, records in found.items():
        row = next((op for op in rows if is_model(op) and base_name(read) in op.outputs), None)
        ops = () if row is None else _before(program, rows, row)
        neurons = Neurons.of(program, ops, currents_of(program, ops[0])) if ops else None
        readouts.append(Readout(tuple(records), read, neurons))
    return tuple(readouts)


def _before(program: Program, rows: tuple[Op, ...], op: Op) -> tuple[Op, ...]:
    """The row of a group, and those before it that alone make its input."""
    ops = [op]
    while len(currents := currents_of(program, ops[0])) == 1:
        writing = [row for row in rows if currents[0] in map(program.written_read, row.outputs)]
        if len(writing) != 1 or not is_synapse(writing[0]):
            break
        ops.insert(0, writing[0])
    return tuple(ops)
