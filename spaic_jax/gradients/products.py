"""Products with trained weights, parameters of equations, and the neurons behind them."""

import dataclasses
import inspect
from collections.abc import Iterable, Mapping

from spaic_jax.gradients.dependence import derivatives
from spaic_jax.gradients.neurons import Neurons, currents_of, is_model, is_synapse
from spaic_jax.program import Op, Program
from spaic_jax.program.evaluate import function_of
from spaic_jax.synapses.links.conv import conv
from spaic_jax.synapses.links.conv_transpose import conv_transpose
from spaic_jax.synapses.links.local import windows
from spaic_jax.synapses.storage.dense import affine
from spaic_jax.synapses.storage.diagonal import scaled
from spaic_jax.synapses.storage.pairs import delivered

#: Functions of presynaptic values, weights and perhaps a `bias`, linear in the first and affine with the last.
PRODUCTS = (affine, scaled, delivered, conv, conv_transpose, windows)


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


def products_of(
    rule: str, program: Program, rows: tuple[Op, ...], op: Op, moved: Mapping[str, set[str]]
) -> tuple[Product, ...]:
    """What is trained in a row.

    Args:
        rule: what error messages call the gradient.
        program: what one step does.
        rows: the rows of each step.
        op: one of them.
        moved: for each read that has a derivative by parameters, these.

    Raises:
        ValueError: a row that the gradient does not cover, naming the parameters.
    """
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
