"""What an online gradient sees of a program: products with trained weights, the neurons behind them, and the outputs."""

import dataclasses
from collections.abc import Collection

from spaic_jax.gradients.dependence import derivatives
from spaic_jax.gradients.neurons import Neurons
from spaic_jax.gradients.products import PRODUCTS, Product, products_of
from spaic_jax.gradients.readouts import Readout, readouts_of
from spaic_jax.plan.stage import Once
from spaic_jax.plan.stages import find_stages
from spaic_jax.program import Op, Program
from spaic_jax.program.op import base_name


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
    products = tuple(product for op in readers for product in products_of(rule, program, rows, op, moved))
    return Chart(rule, program, tuple(trained), once, rows, products, readouts_of(rule, program, rows, records))


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
