"""What an online gradient looks at: products with trained weights, the neurons behind them, and the outputs."""

import dataclasses
import functools
import inspect
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from spaic_jax.gradients.dependence import dependence
from spaic_jax.gradients.neurons import Neurons, is_model
from spaic_jax.plan.stage import Once
from spaic_jax.plan.stages import find_stages
from spaic_jax.program import Last, Mean, Op, Program, Record, Sum
from spaic_jax.program.evaluate import call, function_of
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
        """The reads by which a read has a derivative within a step; with `late`, over any number of steps."""
        needs = dict[str, set[str]]()
        for op in self.rows:
            for name, by in derivatives(self.program, op).items():
                needs.setdefault(self.program.written_read(name), set()).update(by)
        seen, ahead = {target}, [target]
        while ahead:
            read = ahead.pop()
            reads = set(needs.get(read, ()))
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
    once = _once(program, varying)
    rows = tuple(op for op in program.rows if op not in once)
    moved = {name: {name} for name in trained}
    for op in once:
        for name, reads in derivatives(program, op).items():
            if origins := set().union(*(moved.get(read, set()) for read in reads)):
                moved.setdefault(program.written_read(name), set()).update(origins)
    readers = [op for op in rows if moved.keys() & set(op.inputs)]
    products = tuple(_product(rule, program, rows, op, moved) for op in readers)
    return Chart(rule, program, tuple(trained), once, rows, products, _readouts(rule, program, rows, records))


def _once(program: Program, varying: frozenset[str]) -> tuple[Op, ...]:
    """The rows that a plan carries out once a run, but for products of held values and what follows from these."""
    kept: list[Op] = []
    later: set[str] = set()
    for op in (op for stage in find_stages(program, varying) if isinstance(stage, Once) for op in stage.ops):
        if op.fn in PRODUCTS or later & set(op.inputs):
            later |= {program.written_read(name) for name in op.outputs}
        else:
            kept.append(op)
    return tuple(kept)


def _product(rule: str, program: Program, rows: Iterable[Op], op: Op, moved: Mapping[str, set[str]]) -> Product:
    reads = [read for read in op.inputs if read in moved]
    origins = sorted(set().union(*(moved[read] for read in reads)))
    names, acts = " and ".join(f"'{name}'" for name in origins), "act" if len(origins) > 1 else "acts"
    if is_model(op):
        raise ValueError(
            f"{rule} trains weights and biases, but {names} {acts} in the equations of '{op.name}': leave it out of"
            " parameter_variables, or train it by BPTT()."
        )
    others = "freeze it (is_parameter=False), or train it by BPTT()."
    if op.fn not in PRODUCTS or len(op.outputs) != 1 or op.inputs[0] in moved:
        raise ValueError(f"{rule} covers products with weights, but {names} {acts} in '{op}': {others}")
    written = program.written_read(op.outputs[0])
    behind = [row for row in rows if written in row.inputs]
    if len(behind) != 1 or not is_model(behind[0]):
        last = behind[0].name if behind else "nothing"
        raise ValueError(f"{rule} covers weights that act on a group at once, but what {names} gives goes to '{last}': {others}")
    neurons = Neurons.of(program, behind[0])
    if neurons.is_synapse:
        raise ValueError(
            f"{rule} covers weights that act on a group at once, but {names} {acts} on the synapse '{neurons.name}', which has"
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


@functools.lru_cache(maxsize=1024)
def derivatives(program: Program, op: Op) -> dict[str, frozenset[str]]:
    """For each name that a row writes, the reads by which it has a derivative."""
    structs = [program.struct(read, 2) for read in op.inputs]
    real = [number for number, x in enumerate(structs) if jnp.issubdtype(x.dtype, jnp.inexact)]

    def along(key: Any, *arguments: Any) -> tuple[Any, ...]:
        given, moved = list(arguments[: len(structs)]), arguments[len(structs) :]

        def written(*values: Any) -> tuple[Any, ...]:
            own = dict(zip(real, values, strict=True))
            return call(op, [own.get(number, x) for number, x in enumerate(given)], key)

        slopes = jax.jvp(written, tuple(given[number] for number in real), moved)[1]
        return tuple(x if jnp.issubdtype(x.dtype, jnp.inexact) else jnp.zeros(()) for x in slopes)

    key = jax.eval_shape(lambda: jax.random.key(0))
    found = dependence(along, key, *structs, *(structs[number] for number in real))
    first = 1 + len(structs)
    return {
        name: frozenset(op.inputs[number] for place, number in enumerate(real, first) if place in needs)
        for name, needs in zip(op.outputs, found, strict=True)
    }
