"""Workloads in Spyx."""

from typing import Any

import jax
import jax.numpy as jnp
import optax

from spaic_jax.bench.peers.base import Peer, needed, version_of
from spaic_jax.bench.workload import DECAY, Workload


def make(workload: Workload) -> Peer:
    """The workload as `LIF` neurons, the first layer `RLIF` where it is recurrent, compiled by `jax.jit`."""
    nnx, snn, axn = needed("flax", "flax.nnx"), needed("spyx", "spyx.nn"), needed("spyx", "spyx.axn")
    numbers, rngs = workload.numbers(), nnx.Rngs(0)
    layers: list[Any] = []
    for number, weight in enumerate(numbers.weights):
        recurrent = workload.recurrent and number == 0
        linear = nnx.Linear(weight.shape[1], weight.shape[0], use_bias=False, rngs=rngs)
        linear.kernel[...] = jnp.asarray(weight.T)
        neurons = (snn.RLIF if recurrent else snn.LIF)(
            (weight.shape[0],), beta=DECAY, activation=axn.superspike(25), rngs=rngs
        )
        if recurrent:
            neurons.recurrent_w[...] = jnp.asarray(numbers.within.T)
        layers += [linear, neurons]
    graph, params = nnx.split(snn.Sequential(*layers))
    # Weak types would be compiled for once more.
    params = jax.tree.map(lambda x: jax.lax.convert_element_type(x, x.dtype), params)
    optimizer = optax.adam(1e-3)
    spikes, labels = jnp.asarray(numbers.spikes), jnp.asarray(numbers.labels)

    def counts(params: Any, spikes: jax.Array) -> jax.Array:
        fired: jax.Array = snn.run(nnx.merge(graph, params), spikes)[0]
        return fired.sum(0)

    def loss(params: Any, spikes: jax.Array, labels: jax.Array) -> jax.Array:
        return optax.softmax_cross_entropy_with_integer_labels(counts(params, spikes), labels).mean()

    def update(params: Any, state: Any, spikes: jax.Array, labels: jax.Array) -> tuple[Any, Any]:
        updates, state = optimizer.update(jax.grad(loss)(params, spikes, labels), state, params)
        return optax.apply_updates(params, updates), state

    run, advance = jax.jit(counts), jax.jit(update)
    now = [params, optimizer.init(params)]

    def step() -> None:
        now[:] = jax.block_until_ready(advance(*now, spikes, labels))

    return Peer(version_of("spyx"), lambda: jax.block_until_ready(run(params, spikes)), step)
