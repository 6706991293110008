"""A run whose steps add to a gradient."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from spaic_jax._dtypes import wide
from spaic_jax.gradients.chart import Chart
from spaic_jax.gradients.outputs import by_step, of_step
from spaic_jax.gradients.paths import Path, signals, step
from spaic_jax.gradients.traces import Traces
from spaic_jax.plan import Clock
from spaic_jax.program.evaluate import evaluate, reserved

Values = dict[str, jax.Array]


class Given(NamedTuple):
    """What a run starts from, as of `Plan.run`; `rest` is what stays and is not trained."""

    params: Values
    rest: Values
    state: Values
    sequences: Values
    key: jax.Array | None
    clock: Clock


def learn(
    chart: Chart,
    paths: tuple[Path, ...],
    traces: tuple[Traces, ...],
    given: Given,
    slopes: Values,
    steps: int,
    batch_size: int,
) -> Values:
    """The gradient of the trained parameters.

    Args:
        chart: of the program.
        paths: the ways of learning signals.
        traces: of all products with trained weights.
        given: what the run starts from.
        slopes: the derivatives of the loss by the records of the run.
        steps: number of steps.
        batch_size: B.
    """
    program, clock, key = chart.program, given.clock, given.key
    weights = sorted({read for each in traces for read in each.product.trained})
    now = reserved(program, clock.step, clock.position, clock.window)

    def once(trained: Values) -> tuple[Values, Values]:
        known = {**given.params, **trained, **given.rest, **{read: now[read] for read in ("[dt]", "[window]")}}
        env = evaluate(program, chart.once, known, key)
        return {read: env[read] for read in weights}, env

    values, back, fixed = jax.vjp(once, {name: given.params[name] for name in chart.trained}, has_aux=True)
    timed, held = by_step((record for readout in chart.readouts for record in readout.records), slopes, steps)
    groups = chart.groups

    def body(carry: Any, x: Any) -> tuple[Any, None]:
        state, moved, total = carry
        number, inputs, rows = x
        clocks = reserved(program, clock.step + number, clock.position + number, clock.window)
        env, pull = step(chart, paths, {**fixed, **state, **inputs, **clocks}, key)
        told = {}
        for readout in chart.readouts:
            value = env[readout.read]
            parts = [of_step(r, {**rows, **held}[r.name], value, number, steps) for r in readout.records]
            told[readout.read] = sum(parts[1:], parts[0])
        jacobians = {neurons: neurons.jacobian(program, env, key) for neurons in groups}
        learning = signals(paths, told, env, pull, jacobians)
        new = []
        for each, old in zip(traces, moved, strict=True):
            after, added = each.step(old, env, jacobians, learning)
            new.append(after)
            total = {**total, **{read: total[read] + slope for read, slope in added.items()}}
        state = {name: env.get(program.written_read(name), old) for name, old in state.items()}
        return (state, tuple(new), total), None

    start = tuple(each.start(program, batch_size) for each in traces)
    total = {read: jnp.zeros(x.shape, wide(x.dtype)) for read, x in values.items()}
    numbers = jnp.arange(steps, dtype=jnp.int32)
    (_, _, total), _ = jax.lax.scan(body, (given.state, start, total), (numbers, given.sequences, timed), length=steps)
    (gradient,) = back({read: x.astype(values[read].dtype) for read, x in total.items()})
    return dict(gradient)
