"""The simulator: pure functions of a program's variables."""

import dataclasses
import functools
import zlib
from collections.abc import Mapping
from typing import Any, Literal, Self

import jax
import jax.numpy as jnp

from spaic_jax._errors import unknown
from spaic_jax.plan import ReferencePlan, TiledPlan
from spaic_jax.program import Constant, Given, Program, Record
from spaic_jax.program.evaluate import call, evaluate, reserved, step_key
from spaic_jax.program.program import whole_steps
from spaic_jax.run.check import batch_of_inputs, batch_size_of, check_run, check_value
from spaic_jax.run.memory import Memory
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

    @functools.cached_property
    def skeleton(self) -> Self:
        """This simulator without initial values: networks that differ in those only compile once."""
        program = self.program.skeleton
        return dataclasses.replace(self, program=program, plan=dataclasses.replace(self.plan, program=program))

    def train(self) -> Self:
        """The simulator of training: dropout drops, batch normalisation takes the batch's statistics.

        `spaic_jax.train.fit` uses it by itself. The variables of both are the same.

        Example:
            >>> import spaic_jax as sj
            >>> with sj.Network() as net:
            ...     image = sj.Encoder(num=4)
            ...     layer = sj.NeuronGroup(3, model="lif")
            ...     synapses = sj.Connection(image, layer, syn_type=["dropout", "basic"])
            >>> sim = sj.build(net, dt=1.0)
            >>> sim.train().program == sim.program
            False
        """
        program = self.program.in_training()
        return dataclasses.replace(self, program=program, plan=dataclasses.replace(self.plan, program=program))

    @functools.cached_property
    def batched(self) -> Variables:
        """Which of the variables have a batch axis in front: a pytree like that of `init`, of booleans.

        It says how to split variables over devices, and what `jax.vmap` maps over.

        Example:
            >>> import spaic_jax as sj
            >>> with sj.Network() as net:
            ...     image = sj.Encoder(num=4)
            ...     layer = sj.NeuronGroup(3, model="lif")
            ...     synapses = sj.Connection(image, layer)
            >>> sim = sj.build(net, dt=1.0)
            >>> sim.batched["layer.V"], sim.batched["synapses.weight"], sim.batched.step
            (True, False, False)
        """
        params, state, constants = (
            {v.name: bool(v.batched) for v in self.program.of_role(role)} for role in ("parameter", "state", "constant")
        )
        return Variables(params, state, constants, False)

    def steps(self, duration: float) -> int:
        """The number of steps in `duration` ms.

        Raises:
            ValueError: when it is not a positive whole number of steps.
        """
        return whole_steps(duration, self.program.dt, "a duration")

    def init(self, key: jax.Array, batch_size: int = 1) -> Variables:
        """The variables before the first step. A variable's numbers depend on the key and its name, on nothing else.

        Raises:
            ValueError: when `batch_size` is not a positive whole number.
        """
        return self._started(self._first_values(key, batch_size), key)

    def _first_values(self, key: jax.Array, batch_size: int) -> dict[str, jax.Array]:
        if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
            raise ValueError(f"batch_size must be a positive whole number, got {batch_size!r}.")
        values: dict[str, jax.Array] = {}
        for v in self.program.variables:
            if v.role == "input":
                continue
            stream = zlib.crc32(v.init.stream(v.name).encode())
            value = v.init(jax.random.fold_in(key, stream), v.shape, jnp.dtype(v.dtype))
            if v.bounds != (None, None):
                value = jnp.clip(value, *v.bounds)
            values[v.name] = jnp.broadcast_to(value, v.sized(batch_size)).astype(v.dtype)
        return values

    def _started(self, values: dict[str, jax.Array], key: jax.Array) -> Variables:
        """The variables of some first values, after the program's initial rows."""
        env = {**values, "[dt]": jnp.asarray(self.program.dt, self.program.float_dtype)}
        for op in self.program.initial_ops:
            written = call(op, (env[read] for read in op.inputs), step_key(key, op, jnp.int32(0)))
            env |= dict(zip(op.outputs, written, strict=True))
        params, state, constants = (
            {v.name: env[v.name] for v in self.program.of_role(role)} for role in ("parameter", "state", "constant")
        )
        return Variables(params, state, constants, jnp.zeros((), jnp.int32))

    def restart(self, variables: Variables, key: jax.Array | None = None, batch_size: int | None = None) -> Variables:
        """A fresh start from earlier variables: parameters, within their bounds, constants and the states that stay are kept.

        All other states get their first values again, and the count of steps is 0. To go on without a fresh start, give
        the variables of a result to the next run; to start anew in everything, use `init`.

        Args:
            variables: earlier variables.
            key: random key for the first values of states that are drawn; may be left out where none is.
            batch_size: of the new variables; by default that of the earlier ones. A state that stays can go over to
                another batch size only where it is the same for all samples.

        Raises:
            ValueError: when a key is missing, or a state that stays differs between samples and the batch size changes.

        Example:
            >>> import jax, spaic_jax as sj
            >>> with sj.Network() as net:
            ...     image = sj.Encoder(num=4)
            ...     layer = sj.NeuronGroup(3, model="lif")
            ...     synapses = sj.Connection(image, layer)
            >>> sim = sj.build(net, dt=1.0)
            >>> variables = sim.init(jax.random.key(0))
            >>> sim.restart(variables, batch_size=32)["layer.V"].shape
            (32, 3)
        """
        batch = batch_size_of(self.program, variables)
        drawn = [v.name for v in self.program.of_role("state") if not isinstance(v.init, Constant | Given)]
        drawn += [op.name for op in self.program.initial_ops if op.random]
        if key is None and drawn:
            raise ValueError(f"the first value of '{drawn[0]}' is drawn: give key=jax.random.key(seed).")
        key = jax.random.key(0) if key is None else key
        size = batch or 1 if batch_size is None else batch_size
        kept = {}
        for v in self.program.of_role("state"):
            if not v.stay:
                continue
            kept[v.name] = value = variables.state[v.name]
            if v.batched and size != batch:
                if isinstance(value, jax.core.Tracer) or not bool((value == value[:1]).all()):
                    raise ValueError(
                        f"state '{v.name}' stays, but differs between the {batch} samples: it cannot go over to a batch of"
                        f" {size}."
                    )
                kept[v.name] = jnp.broadcast_to(value[:1], v.sized(size))
        first = self._first_values(key, size)
        started = self._started({**first, **kept, **self.project(variables.params), **variables.constants}, key)
        return dataclasses.replace(started, state={**started.state, **kept})

    def set(self, variables: Variables, values: Mapping[str, Any]) -> Variables:
        """The same variables with other values, by full name: `sim.set(variables, {"layer.V": v})`.

        To read one, write `variables["layer.V"]`.

        Raises:
            ValueError: an unknown name (with the nearest right one), a shape or dtype that does not fit, or a value
                outside the bounds of its parameter.
        """
        batch = batch_size_of(self.program, variables)
        known = {v.name: v for v in self.program.variables if v.role != "input"}
        parts: dict[str, dict[str, jax.Array]] = {"parameter": {}, "state": {}, "constant": {}}
        for name, value in values.items():
            if name not in known:
                raise ValueError(unknown("variable", name, known))
            parts[known[name].role][name] = check_value(known[name], value, batch)
        return Variables(
            {**variables.params, **parts["parameter"]},
            {**variables.state, **parts["state"]},
            {**variables.constants, **parts["constant"]},
            variables.step,
        )

    def project(self, params: Mapping[str, jax.Array]) -> dict[str, jax.Array]:
        """The parameters within their bounds: the nearest values that are.

        A projection in optax's sense, to be applied after `optax.apply_updates`; `spaic_jax.train.fit` does so.

        Example:
            >>> import jax, spaic_jax as sj
            >>> with sj.Network() as net:
            ...     image = sj.Encoder(num=1)
            ...     layer = sj.NeuronGroup(1, model="lif")
            ...     synapses = sj.Connection(image, layer, weight=[[0.5]], w_min=0.0, w_max=1.0)
            >>> sim = sj.build(net, dt=1.0)
            >>> sim.project({"synapses.weight": jax.numpy.array([[1.5]])})["synapses.weight"].tolist()
            [[1.0]]
        """
        bounds = {v.name: v.bounds for v in self.program.of_role("parameter")}
        return {n: x if bounds[n] == (None, None) else jnp.clip(x, *bounds[n]) for n, x in params.items()}

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
        arrays, steps = check_run(self.program, variables, dict(inputs or {}), key, steps)
        return _run(self.skeleton, variables, arrays, key, steps)

    def memory(self, steps: int, batch_size: int = 1) -> Memory:
        """How many bytes a run will take, without running anything.

        Args:
            steps: number of steps of the run.
            batch_size: samples of it.

        Example:
            >>> import spaic_jax as sj
            >>> with sj.Network() as net:
            ...     image = sj.Encoder(num=4)
            ...     layer = sj.NeuronGroup(3, model="lif")
            ...     synapses = sj.Connection(image, layer)
            ...     potentials = sj.StateMonitor(layer, "V", every=10)
            >>> sj.build(net, dt=1.0).memory(1000, batch_size=8).probes
            {'potentials': 9600}
        """

        def run(key: jax.Array) -> tuple[Variables, dict[str, jax.Array], Result]:
            variables = self.init(key, batch_size)
            inputs = {
                v.name: jnp.zeros((*([steps] if v.axes == "time" else []), batch_size, *v.shape), v.dtype)
                for v in self.program.of_role("input")
            }
            return variables, inputs, self.run(variables, inputs, key, steps)

        variables, inputs, result = jax.eval_shape(run, jax.random.key(0))
        parts = ({**variables.params, **variables.constants, **variables.state}, inputs, result.probes, result.outputs)
        return Memory(*({name: x.size * x.dtype.itemsize for name, x in part.items()} for part in parts))

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
        arrays, _ = check_run(self.program, variables, {n: jnp.asarray(x)[None] for n, x in given.items()}, key, 1, single=True)
        arrays = {name: x[0] for name, x in arrays.items()}
        return _step(self.skeleton, variables, arrays, key, jnp.int32(steps or 0))


@functools.partial(jax.jit, static_argnames=("sim", "steps"))
def _run(
    sim: Simulator, variables: Variables, inputs: dict[str, jax.Array], key: jax.Array | None, steps: int
) -> Result:
    program = sim.program
    declared = program.by_name
    sequences = {name: x for name, x in inputs.items() if x.ndim == len(declared[name].shape) + 2}
    held = {name: x for name, x in inputs.items() if name not in sequences}
    fixed = {**variables.params, **variables.constants, **held}
    batch = batch_size_of(program, variables) or batch_of_inputs(declared, inputs)
    with jax.default_matmul_precision(sim.precision):
        state, kept = sim.plan.run(fixed, variables.state, sequences, key, variables.step, steps, batch)
    rates = {r.variable: jax.lax.stop_gradient(kept[r.name]) for r in program.records if r.kind == "health"}
    finite = {n: jnp.isfinite(v).all() for n, v in state.items() if jnp.issubdtype(v.dtype, jnp.inexact)}
    return Result(
        outputs={r.name: kept[r.name] for r in program.records if r.kind == "output"},
        probes={r.name: kept[r.name] for r in program.records if r.kind == "probe"},
        times={r.name: _times(r, program, variables.step, steps) for r in program.records if _is_stacked(r)},
        variables=dataclasses.replace(variables, state=state, step=variables.step + jnp.int32(steps)),
        health=Health(finite, rates),
    )


def _is_stacked(record: Record) -> bool:
    return record.kind == "probe" and record.reduce is None


def _times(record: Record, program: Program, first: jax.Array, steps: int) -> jax.Array:
    """When the steps end that a record holds, ms."""
    return (first + jnp.asarray(record.ends(steps), jnp.int32)).astype("float32") * jnp.float32(program.dt)


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
