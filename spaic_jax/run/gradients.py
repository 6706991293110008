"""Gradients of a loss with respect to what happens inside of a run."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from spaic_jax.run.check import batch_of_inputs, batch_size_of, by_name, check_run
from spaic_jax.run.result import Result
from spaic_jax.run.simulator import Simulator
from spaic_jax.run.variables import Variables


def probe_gradients(
    sim: Simulator,
    loss: Callable[[Result], jax.Array],
    variables: Variables,
    inputs: Mapping[str, Any] | None = None,
    key: jax.Array | None = None,
    steps: int | None = None,
) -> dict[str, jax.Array]:
    """The gradient of a loss with respect to a variable at each step, for every monitor that asks for it.

    $$ g_t = \\frac{\\partial L}{\\partial x_t} $$

    where `x_t` is what the variable is after step `t`: what later steps, connections and decoders read. A spike that
    follows from a potential within the same step does not follow from the potential after it, which is already reset.

    Args:
        sim: the simulator, with `StateMonitor(..., get_grad=True)` in its network.
        loss: function of a run's result, one real number.
        variables, inputs, key, steps: as of `Simulator.run`.

    Returns:
        By name of the monitor, the gradient at the steps and places that the monitor keeps, `[T, B, ...]`.

    Raises:
        ValueError: no monitor that asks for gradients; else as `Simulator.run`.

    Source: SPAIC, `StateMonitor(get_grad=True).grads`.

    Example:
        >>> import jax, spaic_jax as sj
        >>> with sj.Network() as net:
        ...     drive = sj.Encoder(num=1, coding_method="null")
        ...     layer = sj.NeuronGroup(1, model="leaky_integrator", tau_m=1.0)
        ...     synapses = sj.Connection(drive, layer, weight=[[1.0]])
        ...     potential = sj.StateMonitor(layer, "V", get_grad=True)
        ...     last = sj.Decoder(dec_target=layer, coding_method="final_step_voltage")
        >>> sim = sj.build(net, dt=1.0)
        >>> slopes = sj.probe_gradients(
        ...     sim, lambda result: result.outputs["last"].sum(), sim.init(jax.random.key(0)), {"drive": [[[1.0]], [[0.0]]]}
        ... )
        >>> [round(float(slope), 3) for slope in slopes["potential"].ravel()]
        [0.368, 1.0]
    """
    nudges = {v.name.rpartition(".")[0]: v for v in sim.program.of_role("input") if v.optional and v.derived is None}
    if not nudges:
        raise ValueError("no monitor asks for gradients: declare one with StateMonitor(..., get_grad=True).")
    given = by_name(inputs)
    arrays, count = check_run(sim.program, variables, given, key, steps)
    batch = batch_size_of(sim.program, variables) or batch_of_inputs(sim.program.by_name, arrays)
    zeros = {v.name: jnp.zeros((count, batch, *v.shape), v.dtype) for v in nudges.values()}
    slopes = jax.grad(lambda moved: loss(sim.run(variables, {**given, **moved}, key, count)))(zeros)
    records = {record.name: record for record in sim.program.records}
    kept = {}
    for monitor, v in nudges.items():
        record = records[monitor]
        steps_kept = record.steps.of(count)
        rows = slopes[v.name][steps_kept.start : steps_kept.stop : steps_kept.step]
        kept[monitor] = rows if record.transform is None else jax.vmap(record.transform)(rows)
    return kept
