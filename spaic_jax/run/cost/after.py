"""What a run has cost, from the spikes that there were."""

import dataclasses
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax.program import Op, Program, Record, Sum
from spaic_jax.run.check import batch_of_inputs, batch_size_of, by_name, check_run
from spaic_jax.run.cost.energy import ADD, MULTIPLY_ADD, energy, shown, table
from spaic_jax.run.cost.fan_out import fan_outs
from spaic_jax.run.cost.products import Product, products_of
from spaic_jax.run.variables import Variables

if TYPE_CHECKING:
    from spaic_jax.run.simulator import Simulator

#: Runs that are timed, and seconds after which no other one begins.
_REPEATS, _LONG = 5, 0.5


@dataclasses.dataclass(frozen=True)
class Synaptic:
    """What the synapses of a connection have done in a run, in all samples and steps.

    Attributes:
        name: of the connection, or of what else holds a product.
        synapses: their number; of a map, of all places. `None` where only dense operations are known: of attention, masses and
            learning rules.
        spikes: how often what arrived was 1.
        values: how often it was neither 0 nor 1: analogue values, such as currents and potentials.
        additions: synaptic operations of spikes, one for each synapse that a spike goes to.
        multiply_adds: those of analogue values, which are multiplied by the weight before.
        dense: operations if all that arrives is multiplied, zeros and padding too.
        multiplies: false of the sums and means of pooling, which only add.
    """

    name: str
    synapses: int | None
    spikes: int | None
    values: int | None
    additions: int
    multiply_adds: int
    dense: int
    multiplies: bool = True

    @property
    def energy(self) -> float:
        """Energy of the synaptic operations, nJ."""
        return energy(self.additions, self.multiply_adds)

    @property
    def dense_energy(self) -> float:
        """Energy of the dense operations, nJ."""
        return energy(0, self.dense) if self.multiplies else energy(self.dense, 0)


@dataclasses.dataclass(frozen=True)
class Spent:
    """What a run has cost: see `Simulator.spent`. `print` shows it as a table.

    A weight of 0 is a synapse, and a masked one is none; of synapses with trained delays, each step in which a part arrives counts.
    What neurons do by themselves, biases, the largest of a pool and links without weights are not counted; of products of other
    kinds, such as attention, all dense operations are.

    Attributes:
        steps: steps of all samples.
        connections: what each connection has done.
        time_ms: how long the run took, compiled.
    """

    steps: int
    connections: tuple[Synaptic, ...]
    time_ms: float

    @property
    def additions(self) -> int:
        """Synaptic operations of spikes, of all connections."""
        return sum(each.additions for each in self.connections)

    @property
    def multiply_adds(self) -> int:
        """Synaptic operations of analogue values, of all connections."""
        return sum(each.multiply_adds for each in self.connections)

    @property
    def dense(self) -> int:
        """Dense operations of all connections."""
        return sum(each.dense for each in self.connections)

    @property
    def energy(self) -> float:
        """Energy of the synaptic operations, nJ."""
        return sum(each.energy for each in self.connections)

    @property
    def dense_energy(self) -> float:
        """Energy of the dense operations, nJ."""
        return sum(each.dense_energy for each in self.connections)

    def __str__(self) -> str:
        columns = ["synaptic operations", "synapses", "spikes", "analogue", "additions", "multiply-adds", "energy, nJ", "dense", "dense, nJ"]
        rows: list[list[str | float | None]] = [
            [e.name, e.synapses, e.spikes, e.values, e.additions, e.multiply_adds, e.energy, e.dense, e.dense_energy]
            for e in self.connections
        ]
        known = [sum(getattr(e, name) or 0 for e in self.connections) for name in ("synapses", "spikes", "values")]
        rows.append(["total", *known, self.additions, self.multiply_adds, self.energy, self.dense, self.dense_energy])
        prices = (
            f"An addition takes {ADD} pJ, a multiply-add {MULTIPLY_ADD} pJ (32-bit floating numbers in 45 nm, Horowitz 2014); what is"
            " neither 0 nor 1 is analogue, and multiplied."
        )
        return "\n\n".join([f"{self.steps:,} steps of all samples took {shown(self.time_ms)} ms", table(columns, rows), prices])


def spent(
    sim: "Simulator", variables: Variables, inputs: Mapping[str, Any] | None, key: jax.Array | None, steps: int | None, lengths: Any
) -> Spent:
    """What a run has cost, which is carried out to see: see `Simulator.spent`."""
    if any(isinstance(x, jax.core.Tracer) for x in jax.tree.leaves((variables, inputs, key, lengths))):
        raise ValueError("what a run has cost is counted from its numbers: ask for it outside jax.jit, jax.grad and jax.vmap.")
    given = by_name(inputs)
    arrays, count = check_run(sim.program, variables, given, key, steps)
    batch = batch_size_of(sim.program, variables) or batch_of_inputs(sim.program.by_name, arrays)
    time_ms = _timed(sim, variables, given, key, count, lengths)
    products = products_of(sim.program)
    linear = tuple(each for each in products if each.source is not None)
    seen = _arrived(sim, linear, variables, given, key, count, lengths)
    ways = dict(zip(linear, zip(fan_outs(sim, linear, variables), seen, strict=True), strict=True))
    taken = batch * count if lengths is None else int(np.sum(np.asarray(lengths)))
    return Spent(taken, tuple(_synaptic(each, ways.get(each), taken) for each in products), time_ms)


def _synaptic(product: Product, way: tuple[np.ndarray, tuple[np.ndarray, np.ndarray]] | None, steps: int) -> Synaptic:
    dense = product.dense * steps
    if way is None:
        return Synaptic(product.name, None, None, None, 0, dense, dense)
    fan_out, (ones, others) = way
    sent, other = (int((arrived * fan_out).sum()) for arrived in (ones, others))
    additions, multiply_adds = (sent, other) if product.multiplies else (sent + other, 0)
    arrived = int(ones.sum()), int(others.sum())
    return Synaptic(product.name, int(fan_out.sum()), *arrived, additions, multiply_adds, dense, product.multiplies)


def _timed(sim: "Simulator", *run: Any) -> float:
    """How long a run takes once it is compiled, ms: the shortest of a few, as others only disturb."""
    *given, lengths = run
    taken = list[float]()
    jax.block_until_ready(sim.run(*given, lengths=lengths))
    while len(taken) < _REPEATS and sum(taken) < _LONG:
        begin = time.perf_counter()
        jax.block_until_ready(sim.run(*given, lengths=lengths))
        taken.append(time.perf_counter() - begin)
    return 1e3 * min(taken)


def kinds(arrived: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Where what arrives is 1, and where it is neither 0 nor 1, as whole numbers that can be counted."""
    ones = arrived == 1
    return ones.astype(jnp.int32), ((arrived != 0) & ~ones).astype(jnp.int32)


def _arrived(sim: "Simulator", products: tuple[Product, ...], *run: Any) -> list[tuple[np.ndarray, np.ndarray]]:
    """How often each product got 1, and another number that is not 0, by presynaptic neuron: `[B, *takes]`, int64."""
    *given, lengths = run
    counting = dataclasses.replace(sim, program=_counting(sim.program, products))
    probes = jax.device_get(counting.run(*given, lengths=lengths).probes)
    names = [_names(number) for number in range(len(products))]
    return [(probes[ones].astype(np.int64), probes[others].astype(np.int64)) for ones, others in names]


def _counting(program: Program, products: tuple[Product, ...]) -> Program:
    """The program that keeps, of each product, how often what arrives is there."""
    rows, records = list(program.ops), []
    for number, product in enumerate(products):
        rows.append(Op(_names(number), kinds, product.source or (), name=f"arrivals of {product.name}"))
        records += [Record(name, name, reduce=Sum()) for name in _names(number)]
    return dataclasses.replace(program, ops=tuple(rows), records=tuple(records))


def _names(number: int) -> tuple[str, str]:
    """Of what is counted; a name of a member holds no spaces."""
    return f"ones of {number}", f"others of {number}"
