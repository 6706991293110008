"""Networks beside the graphs that are written of them."""

import jax
import numpy as np

import spaic_jax as sj


def W(*shape, mean=0.2, std=0.5, seed=0):
    """Weights that differ."""
    return np.random.default_rng([seed, *shape]).normal(mean, std, shape)


def exported(net, dt=1.0, propagation="same_step", seed=0, **how):
    """The graph of a network and its report."""
    sim = sj.build(net, dt=dt, propagation=propagation)
    return sj.to_nir(net, sim, sim.init(jax.random.key(seed)), **how)


def spikes(report, graph, steps=60, batch=2, seed=0, density=0.3):
    """Spikes for every Input."""
    rng = np.random.default_rng(seed)
    shapes = {row.node: graph.nodes[row.node].input_type["input"] for row in report.rows if row.kind == "Input"}
    return {path: (rng.random((steps, batch, *shape)) < density).astype(np.float32) for path, shape in shapes.items()}


def compared(net, scale=1.0, steps=60, **how):
    """The graph of a network, and how that compares with the network itself, under NIR's equations in float64."""
    graph, report = exported(net, **how)
    found = report.check({path: x * np.float32(scale) for path, x in spikes(report, graph, steps).items()})
    assert found.spikes_equal, f"{found}\n{report}"
    return graph, report, found
