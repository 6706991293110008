"""What learning costs in a step, beside its bare arithmetic."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax._numbers import whole
from spaic_jax.bench.timing import Forward, interleaved
from spaic_jax.network import Connection, Encoder, Network, NeuronGroup
from spaic_jax.plasticity import STDP, Normalise
from spaic_jax.run import build

_STEPS = 500
_SHAPE = (400, 784)


def measure_plastic(batch: int = 1, repeats: int = 5) -> dict[str, Any]:
    """Time a layer of 784 to 400 neurons that learns by `STDP` and `Normalise`, a step, beside its bare arithmetic.

    The floor is a loop of the two products of traces and spikes, added to the weights, and of their normalisation. The
    layer has its own product with the weights, which a second floor has too, and neurons, traces and bounds besides.

    Args:
        batch: samples at once.
        repeats: timings of each, in turn, of which the median counts.

    Returns:
        batch: the samples.
        us_per_step: microseconds a step of the layer that learns.
        frozen_us_per_step: of the same layer in a run that does not learn.
        floor_us_per_step: of the floor.
        floor_with_product_us_per_step: of the floor with the layer's own product.

    Raises:
        ValueError: a `batch` or `repeats` that is not positive.

    Example:
        >>> sorted(measure_plastic(repeats=1))
        ['batch', 'floor_us_per_step', 'floor_with_product_us_per_step', 'frozen_us_per_step', 'us_per_step']
    """
    batch, repeats = whole(batch, "batch", least=1), whole(repeats, "repeats", least=1)
    random = np.random.default_rng(0)
    weights = random.uniform(0, 0.3, _SHAPE).astype(np.float32)
    with Network() as net:
        image = Encoder(num=_SHAPE[1], coding_method="null", name="image")
        layer = NeuronGroup(_SHAPE[0], model="lif", v_th=5.0)
        rules = [STDP(), Normalise(total=78.0)]
        Connection(image, layer, weight=weights, w_min=0.0, w_max=1.0, plasticity=rules, name="synapses")
    sim = build(net, dt=1.0)
    variables = sim.init(jax.random.key(0), batch)
    pre, post = (jnp.asarray(random.random((_STEPS, batch, n)) < 0.05, jnp.float32) for n in reversed(_SHAPE))

    def learning(variables: Any, inputs: Any) -> tuple[Any, None]:
        return sim.train().run(variables, inputs).variables.plastic, None

    def frozen(variables: Any, inputs: Any) -> tuple[Any, None]:
        return sim.run(variables, inputs).variables.state, None

    run, plain = Forward(learning, variables, {"image": pre}), Forward(frozen, variables, {"image": pre})
    bare, both = (Forward(floor, jnp.asarray(weights), (pre, post)) for floor in (_floor, _floor_with_product))
    tasks: dict[str, tuple[Callable[[], object], int]] = {"": (run, 1), "frozen_": (plain, 1), "floor_": (bare, 1), "floor_with_product_": (both, 1)}
    times = interleaved(tasks, repeats)
    return {"batch": batch, **{f"{name}us_per_step": 1e3 * took / _STEPS for name, took in times.items()}}


def _floor(weights: jax.Array, spikes: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, None]:
    return jax.lax.scan(lambda weights, x: (_learned(weights, *x), None), weights, spikes)[0], None


def _floor_with_product(weights: jax.Array, spikes: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, None]:
    def step(weights: jax.Array, x: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, None]:
        pre, post = x
        # The currents decide nothing, as they never come near this, but have to be computed.
        return _learned(weights, pre, post + (pre @ weights.T > 1e9).astype(post.dtype)), None

    return jax.lax.scan(step, weights, spikes)[0], None


def _learned(weights: jax.Array, pre: jax.Array, post: jax.Array) -> jax.Array:
    weights = weights + 0.01 * (post.T @ pre) - 0.0105 * (post.T @ pre)
    return weights * (78.0 / jnp.abs(weights).sum(1, keepdims=True))
