"""What a loop written by hand costs, step by step, beside the engine's own."""

from typing import Any

import jax
import jax.numpy as jnp

from spaic_jax._numbers import whole
from spaic_jax.bench.timing import Forward, interleaved
from spaic_jax.network import Connection, Encoder, Network, NeuronGroup
from spaic_jax.run import build

_STEPS = 1000


def measure_closed_loop(neurons: int = 1000, repeats: int = 5) -> dict[str, Any]:
    """Time 1 000 steps of a recurrent network in three ways: `run`, and `step` under `lax.scan` and from Python.

    The steps take prepared variables, and each its input from what the one before gave, as a loop with an environment
    does. All are timed in turn in one process.

    Args:
        neurons: size of the group, which is connected to itself.
        repeats: timings of each, of which the median counts.

    Returns:
        neurons: the size.
        run_us_per_step: microseconds a step of the engine's own loop.
        scan_us_per_step, python_us_per_step: microseconds of a `step` under `lax.scan`, and called from Python.

    Raises:
        ValueError: a size or `repeats` that is not positive.

    Example:
        >>> sorted(measure_closed_loop(neurons=4, repeats=1))
        ['neurons', 'python_us_per_step', 'run_us_per_step', 'scan_us_per_step']
    """
    neurons, repeats = whole(neurons, "neurons", least=1), whole(repeats, "repeats", least=1)
    with Network() as net:
        drive = Encoder(num=neurons, coding_method="null")
        layer = NeuronGroup(neurons, model="lif", name="layer")
        Connection(drive, layer, link_type="one_to_one", w_mean=0.4)
        Connection(layer, layer, w_std=0.5 / neurons**0.5)
    sim = build(net, dt=1.0)
    variables = sim.init(jax.random.key(0))
    inputs = {"drive": jnp.ones((_STEPS, 1, neurons))}

    def run(variables: Any, inputs: Any) -> tuple[Any, None]:
        return sim.run(variables, inputs).variables.state, None

    def scan(variables: Any, inputs: Any) -> tuple[Any, None]:
        def step(carry: Any, x: jax.Array) -> tuple[Any, None]:
            now, given = carry
            now, _ = sim.step(now, {"drive": given})
            return (now, _next(now.variables["layer.V"], x)), None

        start = (sim.prepare(variables), inputs["drive"][0])
        (end, _), _ = jax.lax.scan(step, start, inputs["drive"])
        return end.variables.state, None

    after = jax.jit(_next)
    rows = list(inputs["drive"])

    def python() -> None:
        now, given = sim.prepare(variables), rows[0]
        for x in rows:
            now, _ = sim.step(now, {"drive": given})
            given = after(now.variables["layer.V"], x)
        jax.block_until_ready(given)

    run_all, scan_all = Forward(run, variables, inputs), Forward(scan, variables, inputs)
    times = interleaved({"run": (run_all, 1), "scan": (scan_all, 1), "python": (python, 1)}, repeats)
    return {"neurons": neurons, **{f"{name}_us_per_step": 1e3 * took / _STEPS for name, took in times.items()}}


def _next(potential: jax.Array, x: jax.Array) -> jax.Array:
    """An environment: it answers what the neurons do."""
    return x - 0.1 * potential
