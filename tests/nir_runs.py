"""Networks beside the graphs that are written of them."""

import jax
import numpy as np

import spaic_jax as sj
from spaic_jax.nir.choices import Choices
from spaic_jax.nir.execute import execute
from spaic_jax.nir.exporting import to_nir
from spaic_jax.nir.graph import read_graph


def both(net, steps=60, batch=2, dt=1.0, seed=0, density=0.3, propagation="same_step", plan=None, order=None, **how):
    """What a network and its graph give, by decoder."""
    sim = sj.build(net, dt=dt, propagation=propagation, **({} if plan is None else {"plan": plan}))
    variables = sim.init(jax.random.key(seed), batch)
    graph, report = to_nir(net, sim, variables, **how)
    rng = np.random.default_rng(seed)
    inputs = {
        name: (rng.random((steps, batch, *encoder.shape)) < density).astype(np.float32)
        for name, encoder in net.of_kind(sj.Encoder).items()
    }
    compared = report.check({row.node: inputs[row.part] for row in report.rows if row.kind == "Input"})
    assert compared.spikes_equal, compared
    result = sim.run(variables, inputs, key=jax.random.key(seed + 1))
    read = read_graph(graph)
    integrator = how.get("form", "exact")
    said = order or report.choices["order in CubaLIF and CubaLI"]
    choices = Choices(dt=dt, integrator=integrator, order=said if integrator == "euler" else "voltage_first")
    paths = {row.part: row.node for row in report.rows if row.kind in ("Input", "Output")}
    made = execute(read, choices, {paths[name]: x for name, x in inputs.items()})
    return {
        name: (np.asarray(value), made.outputs[paths[name]].reshape(np.shape(value))) for name, value in result.outputs.items()
    }, graph, report
