"""What a run costs, known before it."""

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp

from spaic_jax.run.cost.energy import energy, shown, table
from spaic_jax.run.cost.products import products_of
from spaic_jax.run.cost.speed import expected_ms
from spaic_jax.run.memory import Memory, readable

if TYPE_CHECKING:
    from spaic_jax.run.simulator import Simulator


@dataclasses.dataclass(frozen=True)
class Dense:
    """The operations of a connection if all that arrives in every step is multiplied, zeros and padding too.

    Attributes:
        name: of the connection, or of what else holds a product.
        each_step: multiply-accumulates a step and sample.
        multiplies: false of the sums and means of pooling, which only add.
    """

    name: str
    each_step: int
    multiplies: bool = True

    def energy(self, steps: int) -> float:
        """Energy of so many steps of a sample, nJ."""
        return energy(0, self.each_step * steps) if self.multiplies else energy(self.each_step * steps, 0)


@dataclasses.dataclass(frozen=True)
class Cost:
    """What a run costs, known before it: see `Simulator.cost`. `print` shows it as tables.

    Attributes:
        steps, batch_size: of the run.
        memory: bytes of what goes into it and of what it keeps, as estimated.
        compiled: bytes by XLA's account of the compiled run: `arguments`, `outputs`, `temporaries` and, of outputs, those that
            lie where arguments were (`aliased`); empty where the backend does not say.
        connections: the dense operations of each connection.
        time_ms: how long it takes on this device, as a small model estimates, roughly: see `spaic_jax.run.cost.speed`;
            `None` on an accelerator.
    """

    steps: int
    batch_size: int
    memory: Memory
    compiled: Mapping[str, int]
    connections: tuple[Dense, ...]
    time_ms: float | None

    @property
    def operations(self) -> int:
        """The dense operations of the run."""
        return self.batch_size * self.steps * sum(each.each_step for each in self.connections)

    @property
    def energy(self) -> float:
        """Energy of the dense operations of the run, nJ."""
        return sum(each.energy(self.batch_size * self.steps) for each in self.connections)

    def __str__(self) -> str:
        samples = self.batch_size * self.steps
        rows: list[list[str | float]] = [
            [each.name, each.each_step, each.each_step * self.steps, each.each_step * samples, each.energy(samples)]
            for each in self.connections
        ]
        total = sum(each.each_step for each in self.connections)
        rows.append(["total", total, total * self.steps, self.operations, self.energy])
        columns = ["dense operations", "a step", "a sample", "the run", "energy, nJ"]
        by_xla = "".join(f", {name} {readable(size)}" for name, size in self.compiled.items())
        time = "" if self.time_ms is None else f", estimated to take {shown(self.time_ms)} ms"
        parts = [
            f"{self.steps} steps of {self.batch_size} sample{'s' if self.batch_size > 1 else ''}{time}",
            table(columns, rows),
            f"memory as estimated {readable(self.memory.total)}; as compiled{by_xla[1:] or ' not known'}",
        ]
        return "\n\n".join(parts)


def known_before(sim: "Simulator", steps: int, batch_size: int) -> Cost:
    """The cost of a run, of which nothing is carried out: see `Simulator.cost`."""
    products = products_of(sim.program)
    connections = tuple(Dense(each.name, each.dense, each.multiplies) for each in products)
    time_ms = expected_ms(sim.program, steps, batch_size)
    return Cost(steps, batch_size, sim.memory(steps, batch_size), _compiled(sim, steps, batch_size), connections, time_ms)


def _compiled(sim: "Simulator", steps: int, batch_size: int) -> dict[str, int]:
    """Bytes by XLA's account."""

    def run(variables: Any, inputs: Any, key: Any) -> Any:
        return sim.run(variables, inputs, key, steps)

    key = jax.eval_shape(lambda: jax.random.key(0))
    inputs = {
        v.name: jax.ShapeDtypeStruct((*([steps] if v.axes == "time" else []), batch_size, *v.shape), jnp.dtype(v.dtype))
        for v in sim.program.of_role("input")
    }
    variables = jax.eval_shape(lambda key: sim.init(key, batch_size), key)
    told = jax.jit(run).lower(variables, inputs, key).compile().memory_analysis()
    if told is None:
        return {}
    return {
        "arguments": told.argument_size_in_bytes, "outputs": told.output_size_in_bytes,
        "temporaries": told.temp_size_in_bytes, "aliased": told.alias_size_in_bytes,
    }
