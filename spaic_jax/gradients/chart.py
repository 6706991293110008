"""What an online gradient looks at: products with trained weights, the neurons behind them, and the outputs."""

import dataclasses
import functools
import inspect
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from spaic_jax.gradients.dependence import dependence
from spaic_jax.gradients.neurons import Neurons, currents_of, is_model, is_synapse
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
    """A row that multiplies presynaptic values with weights, some of which are trained; or a parameter of equations.

    Attributes:
        op: the row; its first input are the presynaptic values.
        neurons: who receives it.
        current: as what, a read; a parameter of equations is received as it is.
        trained: those of its inputs that have a gradient.
        bias: the one among them that acts alike in every step, if any.
    """

    op: Op
    neurons: Neurons
    current: str
    trained: tuple[str, ...]
    bias: str | None

    @property
    def is_parameter(self) -> bool:
        """Whether it is a parameter of the equations of neurons or synapses."""
        return self.current in self.trained

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
        reads = {base_name(read) for op in self.rows if op not in neurons.ops for read in op.inputs}
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
    products = tuple(product for op in readers for product in _products(rule, program, rows, op, moved))
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


def _products(
    rule: str, program: Program, rows: tuple[Op, ...], op: Op, moved: Mapping[str, set[str]]
) -> tuple[Product, ...]:
    """What is trained in a row."""
    reads = tuple(read for read in op.inputs if read in moved)
    origins = sorted(set().union(*(moved[read] for read in reads)))
    names, acts = " and ".join(f"'{name}'" for name in origins), "act" if len(origins) > 1 else "acts"
    if is_model(op) and not set(reads) & set(op.inputs[: _places(op)]):
        acting = frozenset().union(*derivatives(program, op).values())
        reads = tuple(read for read in reads if read in acting)
        ops = _with_loops(program, rows, _onwards(program, rows, op))
        neurons = Neurons.of(program, ops, (), reads)
        return tuple(Product(op, neurons, read, (read,), read) for read in reads)
    others = "freeze it (is_parameter=False), or train it by BPTT()."
    if op.fn not in PRODUCTS or op.inputs[0] in moved:
        raise ValueError(f"{rule} covers products with weights, but {names} {acts} in '{op}': {others}")
    (name,) = op.outputs
    current = program.written_read(name)
    behind = [row for row in rows if current in row.inputs]
    ops = _onwards(program, rows, behind[0]) if len(behind) == 1 and (is_model(behind[0]) or is_synapse(behind[0])) else ()
    if not ops or is_synapse(ops[-1]):
        last = ops[-1].name if ops else " and ".join(row.name for row in behind) or "nothing"
        raise ValueError(f"{rule} covers weights that act on a group, but what {names} gives goes to '{last}': {others}")
    if current not in currents_of(program, ops[0]):
        raise ValueError(f"{rule} needs real numbers, but {names} gives '{current}' of dtype {program.struct(current, 1).dtype}.")
    parameters = [p for p in inspect.signature(function_of(op)).parameters if p not in dict(op.settings)]
    bias = next((read for read, p in zip(op.inputs, parameters, strict=False) if p == "bias" and read in moved), None)
    neurons = Neurons.of(program, _with_loops(program, rows, ops), (current,))
    return (Product(op, neurons, current, reads, bias),)


def _places(op: Op) -> int:
    """How many inputs of the step of a model are no parameters."""
    settings = dict(op.settings)
    return len(settings["states"]) + len(settings["inputs"])


def _onwards(program: Program, rows: Iterable[Op], op: Op) -> tuple[Op, ...]:
    """A row that acts on the input of a group, and those after it up to the group's."""
    ops = [op]
    while is_synapse(ops[-1]):
        given = {program.written_read(name) for name in ops[-1].outputs}
        behind = [row for row in rows if row is not ops[-1] and given & set(row.inputs)]
        if len(behind) != 1 or not (is_model(behind[0]) or is_synapse(behind[0])):
            break
        ops.append(behind[0])
    return tuple(ops)


def _with_loops(program: Program, rows: tuple[Op, ...], ops: tuple[Op, ...]) -> tuple[Op, ...]:
    """The rows of a group with those of synapses that look at its states, such as conductances at its potential."""
    states = {read for name in ops[-1].outputs for read in (name, program.written_read(name))}
    kept = set(ops)
    for row in rows:
        if is_synapse(row) and states & set(row.inputs):
            others = _onwards(program, rows, row)
            kept |= set(others) if others[-1] == ops[-1] else set()
    return tuple(row for row in rows if row in kept)


def _before(program: Program, rows: tuple[Op, ...], op: Op) -> tuple[Op, ...]:
    """The row of a group, and those before it that alone make its input."""
    ops = [op]
    while len(currents := currents_of(program, ops[0])) == 1:
        writing = [row for row in rows if currents[0] in map(program.written_read, row.outputs)]
        if len(writing) != 1 or not is_synapse(writing[0]):
            break
        ops.insert(0, writing[0])
    return tuple(ops)


def _readouts(rule: str, program: Program, rows: tuple[Op, ...], names: Collection[str]) -> tuple[Readout, ...]:
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
