"""What an online gradient looks at: products with trained weights, the neurons behind them, and the outputs."""

import dataclasses
import inspect
from collections.abc import Collection, Iterable

import jax.numpy as jnp

from spaic_jax.gradients.neurons import Neurons, is_model
from spaic_jax.plan.stage import Once
from spaic_jax.plan.stages import find_stages
from spaic_jax.program import Last, Mean, Op, Program, Record, Sum
from spaic_jax.program.evaluate import function_of
from spaic_jax.program.op import base_name
from spaic_jax.synapses.links.conv import conv
from spaic_jax.synapses.links.conv_transpose import conv_transpose
from spaic_jax.synapses.links.local import windows
from spaic_jax.synapses.storage.dense import affine
from spaic_jax.synapses.storage.diagonal import scaled
from spaic_jax.synapses.storage.pairs import deliver

#: Functions of presynaptic values, weights and perhaps a `bias`, linear in the first and affine with the last.
PRODUCTS = (affine, scaled, deliver, conv, conv_transpose, windows)


@dataclasses.dataclass(frozen=True)
class Product:
    """A row that multiplies presynaptic values with weights, some of which are trained.

    Attributes:
        op: the row; its first input are the presynaptic values.
        neurons: who receives it.
        current: as what, a read.
        trained: those of its inputs that have a gradient.
        bias: the one among them that is a bias, if any.
    """

    op: Op
    neurons: Neurons
    current: str
    trained: tuple[str, ...]
    bias: str | None

    @property
    def weights(self) -> tuple[str, ...]:
        """The trained ones without the bias."""
        return tuple(read for read in self.trained if read != self.bias)


@dataclasses.dataclass(frozen=True)
class Readout:
    """A variable that the loss depends on.

    Attributes:
        records: what is kept of it.
        read: its read.
        neurons: the group that it belongs to, if any.
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


@dataclasses.dataclass(frozen=True)
class Chart:
    """The rows of a program as an online gradient sees them.

    Attributes:
        rule: what error messages call the gradient.
        program: what one step does.
        trained: the parameters whose gradient is wanted.
        once: the rows that are carried out once a run.
        rows: all others.
        products: those of them with trained weights.
        readouts: what the loss depends on.
    """

    rule: str
    program: Program
    trained: tuple[str, ...]
    once: tuple[Op, ...]
    rows: tuple[Op, ...]
    products: tuple[Product, ...]
    readouts: tuple[Readout, ...]

    @property
    def groups(self) -> tuple[Neurons, ...]:
        """The groups with trained weights or an output."""
        own = [readout.neurons for readout in self.readouts if readout.neurons is not None]
        return tuple(dict.fromkeys([*(product.neurons for product in self.products), *own]))

    def behind(self, target: str, late: bool = False) -> frozenset[str]:
        """The reads that a read follows from within a step; with `late`, over any number of steps."""
        writers: dict[str, list[Op]] = {}
        for op in self.rows:
            for name in op.outputs:
                writers.setdefault(self.program.written_read(name), []).append(op)
        seen, ahead = {target}, [target]
        while ahead:
            read = ahead.pop()
            reads = {r for op in writers.get(read, ()) for r in op.inputs}
            if late and read in self.program.carried:
                reads.add(self.program.written_read(read))
            ahead += reads - seen
            seen |= reads
        return frozenset(seen)

    def sent(self, neurons: Neurons) -> tuple[str, ...]:
        """What a group gives that other rows read, in this step or in the next one."""
        reads = {base_name(read) for op in self.rows if op != neurons.op for read in op.inputs}
        return tuple(read for read in neurons.gives if base_name(read) in reads)


def chart_of(rule: str, program: Program, varying: frozenset[str], trained: Collection[str], records: Collection[str]) -> Chart:
    """The chart of a program.

    Args:
        rule: what error messages call the gradient.
        program: what one step does.
        varying: inputs with a time axis.
        trained: the parameters whose gradient is wanted.
        records: what the loss depends on.

    Raises:
        ValueError: a parameter or an output that the gradient does not cover, by name.
    """
    once = tuple(op for stage in find_stages(program, varying) if isinstance(stage, Once) for op in stage.ops)
    rows = tuple(op for op in program.rows if op not in once)
    moved = set(trained)
    for op in once:
        if moved & set(op.inputs):
            moved |= {program.written_read(name) for name in op.outputs if _is_real(program, name)}
    readers = [op for op in rows if moved & set(op.inputs)]
    products = tuple(_product(rule, program, rows, op, moved, trained) for op in readers)
    return Chart(rule, program, tuple(trained), once, rows, products, _readouts(rule, program, rows, records))


def _product(
    rule: str, program: Program, rows: Iterable[Op], op: Op, moved: Collection[str], trained: Collection[str]
) -> Product:
    reads = [read for read in op.inputs if read in moved]
    names = " and ".join(f"'{name}'" for name in sorted(read for read in reads if read in trained)) or f"'{reads[0]}'"
    if is_model(op):
        raise ValueError(
            f"{rule} trains weights and biases, but {names} acts in the equations of '{op.name}': leave it out of"
            " parameter_variables, or train it by BPTT()."
        )
    others = "freeze it (is_parameter=False), or train it by BPTT()."
    if op.fn not in PRODUCTS or len(op.outputs) != 1 or op.inputs[0] in moved:
        raise ValueError(f"{rule} covers products with weights, but {names} acts in '{op}': {others}")
    written = program.written_read(op.outputs[0])
    behind = [row for row in rows if written in row.inputs]
    if len(behind) != 1 or not is_model(behind[0]):
        last = behind[0].name if behind else "nothing"
        raise ValueError(f"{rule} covers weights that act on a group at once, but what {names} gives goes to '{last}': {others}")
    neurons = Neurons.of(program, behind[0])
    if neurons.is_synapse:
        raise ValueError(
            f"{rule} covers weights that act on a group at once, but {names} acts on the synapse '{neurons.name}', which has"
            f" states of its own: {others}"
        )
    if written not in neurons.currents:
        raise ValueError(f"{rule} needs real numbers, but {names} gives '{written}' of dtype {program.struct(written, 1).dtype}.")
    parameters = [p for p in inspect.signature(function_of(op)).parameters if p not in dict(op.settings)]
    bias = next((read for read, name in zip(op.inputs, parameters, strict=False) if name == "bias" and read in moved), None)
    return Product(op, neurons, written, tuple(reads), bias)


def _readouts(rule: str, program: Program, rows: Iterable[Op], names: Collection[str]) -> tuple[Readout, ...]:
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
        readouts.append(Readout(tuple(records), read, None if row is None else Neurons.of(program, row)))
    return tuple(readouts)


def _is_real(program: Program, name: str) -> bool:
    return bool(jnp.issubdtype(program.struct(program.written_read(name), 1).dtype, jnp.floating))
