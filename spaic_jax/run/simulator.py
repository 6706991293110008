"""The simulator: pure functions of a program's variables."""

import dataclasses
import functools
import zlib
from collections.abc import Mapping
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax._errors import unknown
from spaic_jax.plan import ReferencePlan, TiledPlan
from spaic_jax.program import Program, Variable
from spaic_jax.program.evaluate import evaluate, reserved
from spaic_jax.run.result import Health, Result
from spaic_jax.run.variables import Variables

#: Precision of matrix products, as JAX names it.
Precision = Literal["bfloat16", "tensorfloat32", "float32"]


@dataclasses.dataclass(frozen=True)
class Simulator:
    """A program ready to run. It holds no simulation state: all of that is in `Variables`, which go in and come out.

    Made by `spaic_jax.build`. Every method is a pure function that may be used under `jax.jit`, `jax.grad` and
    `jax.vmap`; `run` is compiled by itself, and compiles nothing when called again with the same shapes.

    Attributes:
        program: what one step does.
        plan: how steps are carried out.
        precision: of matrix products; `None` for the device's default.
    """

    program: Program
    plan: ReferencePlan | TiledPlan
    precision: Precision | None = None

    def steps(self, duration: float) -> int:
        """The number of steps in `duration` ms.

        Raises:
            ValueError: when it is not a positive whole number of steps.
        """
        count = round(duration / self.program.dt)
        if count < 1 or abs(count * self.program.dt - duration) > 1e-6 * self.program.dt * max(count, 1):
            raise ValueError(
                f"a duration must be a positive whole number of steps: {duration} ms is {duration / self.program.dt:g}"
                f" steps of {self.program.dt} ms."
            )
        return count

    def init(self, key: jax.Array, batch_size: int = 1) -> Variables:
        """The variables before the first step. A variable's numbers depend on the key and its name, on nothing else.

        Raises:
            ValueError: when `batch_size` is not a positive whole number.
        """
        if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
            raise ValueError(f"batch_size must be a positive whole number, got {batch_size!r}.")
        values: dict[str, dict[str, jax.Array]] = {"parameter": {}, "state": {}, "constant": {}}
        for v in self.program.variables:
            if v.role == "input":
                continue
            stream = zlib.crc32(v.init.stream(v.name).encode())
            value = v.init(jax.random.fold_in(key, stream), v.shape, jnp.dtype(v.dtype))
            if v.bounds != (None, None):
                value = jnp.clip(value, *v.bounds)
            values[v.role][v.name] = jnp.broadcast_to(value, v.sized(batch_size)).astype(v.dtype)
        return Variables(values["parameter"], values["state"], values["constant"], jnp.zeros((), jnp.int32))

    def run(
        self,
        variables: Variables,
        inputs: Mapping[str, Any] | None = None,
        key: jax.Array | None = None,
        steps: int | None = None,
    ) -> Result:
        """Run the program for a number of steps.

        Args:
            variables: from `init`, or from the result of an earlier run to continue it.
            inputs: the data of every encoder by name: `[T, B, *shape]`, or `[B, *shape]` held for the run.
            key: random key; may be left out where nothing is random.
            steps: number of steps; may be left out where an input has a time axis. See `Simulator.steps`.

        Returns:
            outputs, probes, variables after the run and health.

        Raises:
            ValueError: naming the input or variable whose name, shape or dtype does not fit, and what is needed.

        Example:
            >>> import jax, spaic_jax as sj
            >>> with sj.Network() as net:
            ...     image = sj.Encoder(num=4, coding_method="constant_current")
            ...     layer = sj.NeuronGroup(3, model="lif")
            ...     synapses = sj.Connection(image, layer, weight=[[1.0] * 4] * 3)
            ...     counts = sj.Decoder(dec_target=layer)
            >>> sim = sj.build(net, dt=1.0)
            >>> result = sim.run(sim.init(jax.random.key(0)), {"image": [[0.1, 0.1, 0.1, 0.1]]}, steps=10)
            >>> result.outputs["counts"].tolist()
            [[3.0, 3.0, 3.0]]
        """
        arrays, steps = self._check(variables, dict(inputs or {}), key, steps)
        return _run(self, variables, arrays, key, steps)

    def step(
        self,
        variables: Variables,
        inputs: Mapping[str, Any] | None = None,
        key: jax.Array | None = None,
        steps: int | None = None,
    ) -> tuple[Variables, dict[str, jax.Array]]:
        """One step, for loops written by hand.

        Args:
            variables: as of `run`.
            inputs: the data of this step, `[B, *shape]`, by name.
            key: random key; the same key for every step, which draws different numbers in each.
            steps: number of steps of the whole loop, for codings that need to know it, such as `latency`.

        Returns:
            The variables after the step, and for every record its variable's value after the step.

        Raises:
            ValueError: as `run`; also when a coding needs `steps` and it is not given.
        """
        if steps is None and (windowed := [op.name for op in self.program.ops if "[window]" in op.inputs]):
            raise ValueError(f"op '{windowed[0]}' needs the number of steps of the whole loop: give steps=.")
        given = dict(inputs or {})
        arrays, _ = self._check(variables, {n: jnp.asarray(x)[None] for n, x in given.items()}, key, 1, single=True)
        arrays = {name: x[0] for name, x in arrays.items()}
        return _step(self, variables, arrays, key, jnp.int32(steps or 0))

    def _check(
        self, variables: Variables, inputs: dict[str, Any], key: Any, steps: int | None, single: bool = False
    ) -> tuple[dict[str, Any], int]:
        """Arrays of the inputs and the number of steps, or one sentence about what does not fit."""
        declared = {v.name: v for v in self.program.of_role("input")}
        for name in inputs:
            if name not in declared:
                raise ValueError(unknown("input", name, declared))
        batch = batch_size_of(self.program, variables)
        lengths = {}
        arrays = {}
        for name, v in declared.items():
            if name not in inputs:
                raise ValueError(f"input '{name}' is missing: it needs {_axes_text(v, batch)}.")
            x = inputs[name] if isinstance(inputs[name], jax.Array) else np.asarray(inputs[name])
            needed = (*(() if batch is None else (batch,)), *v.shape)
            timed = x.ndim == len(v.shape) + 2 and (v.axes != "held" or single)
            held = x.ndim == len(v.shape) + 1 and v.axes != "time"
            if not (timed or held) or x.shape[x.ndim - len(needed) :] != needed:
                raise ValueError(f"input '{name}' has shape {x.shape}, but needs {_axes_text(v, batch)}.")
            if x.dtype != jnp.dtype(v.dtype) and x.dtype.kind not in "biuf":
                raise ValueError(f"input '{name}' has dtype {x.dtype}, but needs numbers that {v.dtype} can hold.")
            if timed:
                lengths[name] = x.shape[0]
            arrays[name] = jnp.asarray(x, v.dtype)
        if steps is None and not lengths:
            raise ValueError("the number of steps is not known: give steps=, as no input has a time axis.")
        count = next(iter(lengths.values())) if steps is None else steps
        if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < 1:
            raise ValueError(f"steps must be a positive whole number, got {count!r}.")
        for name, length in lengths.items():
            if length != count:
                raise ValueError(f"input '{name}' has {length} steps, but {int(count)} are to be run: its axes are [T, B, ...].")
        if key is None and any(op.random for op in self.program.ops):
            raise ValueError(
                f"op '{next(op.name for op in self.program.ops if op.random)}' is random: give key=jax.random.key(seed)."
            )
        return arrays, int(count)


def batch_size_of(program: Program, variables: Variables) -> int | None:
    """The batch size of some variables, or `None` where none of them has a batch axis.

    Raises:
        ValueError: when a variable is missing or has another shape.
    """
    batch = None
    parts = {"parameter": variables.params, "state": variables.state, "constant": variables.constants}
    for v in program.variables:
        if v.role == "input":
            continue
        if v.name not in parts[v.role]:
            raise ValueError(f"the variables hold no {v.role} '{v.name}': make them with this simulator's init.")
        shape = parts[v.role][v.name].shape
        if v.batched and batch is None and shape:
            batch = int(shape[0])
        if shape != v.sized(batch or 0):
            needed = ", ".join((*((f"B={batch}",) if v.batched else ()), *map(str, v.shape)))
            raise ValueError(f"{v.role} '{v.name}' has shape {shape}, but needs [{needed}].")
    return batch


def _batch_of_inputs(declared: Mapping[str, Variable], inputs: Mapping[str, jax.Array]) -> int:
    return next((x.shape[x.ndim - len(declared[name].shape) - 1] for name, x in inputs.items()), 1)


def _axes_text(v: Variable, batch: int | None) -> str:
    def axes(*front: str) -> str:
        return "[" + ", ".join((*front, *map(str, v.shape))) + "]"

    size = "B" if batch is None else f"B={batch}"
    return {
        "time": axes("T", size),
        "held": axes(size),
        "either": f"{axes(size)} (held) or {axes('T', size)}",
    }[v.axes]


@functools.partial(jax.jit, static_argnames=("sim", "steps"))
def _run(
    sim: Simulator, variables: Variables, inputs: dict[str, jax.Array], key: jax.Array | None, steps: int
) -> Result:
    program = sim.program
    declared = program.by_name
    sequences = {name: x for name, x in inputs.items() if x.ndim == len(declared[name].shape) + 2}
    held = {name: x for name, x in inputs.items() if name not in sequences}
    fixed = {**variables.params, **variables.constants, **held}
    batch = batch_size_of(program, variables) or _batch_of_inputs(declared, inputs)
    with jax.default_matmul_precision(sim.precision):
        state, kept = sim.plan.run(fixed, variables.state, sequences, key, variables.step, steps, batch)
    rates = {r.variable: jax.lax.stop_gradient(kept[r.name]) for r in program.records if r.kind == "health"}
    finite = {n: jnp.isfinite(v).all() for n, v in state.items() if jnp.issubdtype(v.dtype, jnp.inexact)}
    return Result(
        outputs={r.name: kept[r.name] for r in program.records if r.kind == "output"},
        probes={r.name: kept[r.name] for r in program.records if r.kind == "probe"},
        variables=dataclasses.replace(variables, state=state, step=variables.step + jnp.int32(steps)),
        health=Health(finite, rates),
    )


@functools.partial(jax.jit, static_argnames=("sim",))
def _step(
    sim: Simulator, variables: Variables, inputs: dict[str, jax.Array], key: jax.Array | None, window: jax.Array
) -> tuple[Variables, dict[str, jax.Array]]:
    program = sim.program
    clock = reserved(program, variables.step, variables.step, window)
    env = {**variables.params, **variables.constants, **variables.state, **inputs, **clock}
    with jax.default_matmul_precision(sim.precision):
        env = evaluate(program, program.ops, env, key)
    state = {name: env.get(program.written_read(name), old) for name, old in variables.state.items()}
    emitted = {r.name: env[program.recorded_read(r.variable)] for r in program.records if r.kind != "health"}
    return dataclasses.replace(variables, state=state, step=variables.step + jnp.int32(1)), emitted
