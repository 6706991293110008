"""How long a step of a neuron model takes, beside its arithmetic as one fused loop."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp

from spaic_jax.bench.timing import Forward, interleaved
from spaic_jax.network import NeuronGroup
from spaic_jax.neurons import NEURONS
from spaic_jax.program import Context, Program, Record, Site, Sum, Variable
from spaic_jax.program.evaluate import evaluate, reserved
from spaic_jax.run import build

_STEPS = 200


def measure_model(model: str, neurons: int = 10_000, repeats: int = 15) -> dict[str, Any]:
    """Time a group of neurons of a model on its own, with a constant input and batch size 1.

    Its floor is the same arithmetic in a plain `lax.scan` of the model's step over its state, without plan, records or
    simulator. Both are timed in turn in one process and add up what the neurons put out.

    Args:
        model: a name in `spaic_jax.neurons.NEURONS`.
        neurons: size of the group.
        repeats: timings of each, of which the median counts.

    Returns:
        model: its name.
        us_per_step: microseconds a simulated step.
        floor_us_per_step: microseconds a step of the plain scan.
        compile_s: seconds to trace and compile the simulation.

    Raises:
        ValueError: unknown model, or a size or `repeats` that is not positive.

    Example:
        >>> sorted(measure_model("lif", neurons=10, repeats=1))
        ['compile_s', 'floor_us_per_step', 'model', 'us_per_step']
    """
    if repeats < 1:
        raise ValueError(f"measure_model: repeats must be at least 1, got {repeats!r}.")
    program = _program(model, neurons)
    sim, key = build(program), jax.random.key(0)
    variables = sim.init(key)
    # The same input for all models: what matters is how many numbers are moved and computed, not which.
    inputs = {v.name: jax.random.uniform(key, (1, neurons)) for v in program.of_role("input")}
    (record,) = program.records

    def run(state: Any, inputs: Any) -> tuple[Any, None]:
        result = sim.run(dataclasses.replace(variables, state=state), inputs, key, _STEPS)
        return (result.outputs, result.variables.state), None

    def scan(state: Any, inputs: Any) -> tuple[Any, None]:
        fixed = {**variables.constants, **inputs}

        def step(carry: Any, number: jax.Array) -> tuple[Any, None]:
            state, total = carry
            env = {**fixed, **state, **reserved(program, number, number, jnp.int32(_STEPS))}
            env = evaluate(program, program.rows, env, key)
            state = {name: env[program.written_read(name)] for name in state}
            return (state, total + env[program.recorded_read(record.variable)]), None

        return jax.lax.scan(step, (state, jnp.zeros((1, neurons))), jnp.arange(_STEPS, dtype=jnp.int32))

    simulated, floor = (Forward(work, variables.state, inputs) for work in (run, scan))
    times = interleaved({"us": (simulated, 1), "floor": (floor, 1)}, repeats)
    return {
        "model": model,
        "us_per_step": 1e3 * times["us"] / _STEPS,
        "floor_us_per_step": 1e3 * times["floor"] / _STEPS,
        "compile_s": simulated.compile_s,
    }


def _program(model: str, neurons: int) -> Program:
    """One group, whose inputs are given and held for the run."""
    group = NeuronGroup(neurons, model=model)
    received = group.model.receives
    context = Context(1.0, {}, lambda _: "group", lambda *_: "", lambda _: frozenset(received))
    made = group.lower(Site("group", owner=group), context)
    given = tuple(Variable(f"group.{name}", (neurons,), role="input", axes="held") for name in received)
    output = Record("output", f"group.{group.output}", "output", reduce=Sum())
    return Program((*given, *made.variables), made.ops, (output,), 1.0)


#: Names to time: one for each model.
MODELS: tuple[str, ...] = tuple(sorted({kind: name for name, kind in NEURONS.items()}.values()))
