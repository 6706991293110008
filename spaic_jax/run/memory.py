"""How much memory a run takes."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from spaic_jax.plan import Plan
from spaic_jax.program import Program
from spaic_jax.run.result import Result
from spaic_jax.run.variables import Variables

Bytes = Mapping[str, int]


@dataclasses.dataclass(frozen=True)
class Memory:
    """Bytes of what goes into a run and of what it keeps, by name; `print` shows them as a table.

    What a gradient keeps on its way back is not among them: `remat` says how much that may be.

    Attributes:
        variables: parameters, plastic values, constants and states.
        inputs: the data.
        probes: what monitors keep.
        outputs: what decoders say.
        working: what a run works in on its way, as the plan estimates it.
    """

    variables: Bytes
    inputs: Bytes
    probes: Bytes
    outputs: Bytes
    working: Bytes

    @property
    def total(self) -> int:
        """All of them."""
        return sum(sum(getattr(self, field.name).values()) for field in dataclasses.fields(self))

    def __str__(self) -> str:
        lines = []
        for field in dataclasses.fields(self):
            part: Bytes = getattr(self, field.name)
            lines.append((field.name, sum(part.values())))
            lines += [(f"  {name}", size) for name, size in sorted(part.items(), key=lambda item: -item[1])]
        lines.append(("total", self.total))
        width = max(len(name) for name, _ in lines)
        return "\n".join(f"{name:{width}}  {readable(size):>10}" for name, size in lines)


def measured(
    program: Program,
    plan: Plan,
    init: Callable[[jax.Array, int], Variables],
    run: Callable[[Variables, dict[str, Any], jax.Array, int], Result],
    steps: int,
    batch_size: int,
) -> Memory:
    """The memory of a run, of which only shapes are looked at: see `Simulator.memory`."""

    def whole(key: jax.Array) -> tuple[Variables, dict[str, jax.Array], Result]:
        variables = init(key, batch_size)
        inputs = {
            v.name: jnp.zeros((*([steps] if v.axes == "time" else []), batch_size, *v.shape), v.dtype)
            for v in program.of_role("input")
        }
        return variables, inputs, run(variables, inputs, key, steps)

    def sizes(part: dict[str, jax.Array]) -> dict[str, int]:
        return {name: x.size * x.dtype.itemsize for name, x in part.items()}

    variables, inputs, result = jax.eval_shape(whole, jax.random.key(0))
    working = {"tile": plan.working_bytes(program, steps, batch_size)}
    return Memory(sizes(variables.values), sizes(inputs), sizes(result.probes), sizes(result.outputs), working)


def readable(size: float) -> str:
    """Bytes as text."""
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.4g} {unit}"
        size /= 1024
    return f"{size:.4g} GiB"
