"""How long a workload takes, beside the floor below which its matrix products do not let it go."""

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax

from spaic_jax.bench.workload import Workload, resolve_workload
from spaic_jax.run import build

_WARM_UP = 3


def measure(workload: str | Workload, repeats: int = 15) -> dict[str, Any]:
    """Time a workload: a forward run and a training step (gradient and Adam update), each beside its floor.

    The floor is the same work with nothing but the matrix products between layers, without neurons and without the
    recurrent product. The four are timed in turn in one process, so that a disturbance meets all of them; compare
    ratios rather than times. Compilation is timed apart and is no part of the medians.

    Args:
        workload: a name in `WORKLOADS`, or a workload.
        repeats: timings of each; the median counts.

    Returns:
        workload: its name.
        forward_ms, step_ms: medians of a forward run and of a training step.
        floor_forward_ms, floor_step_ms: medians of the matrix products alone.
        compile_s: seconds to trace and compile the forward run and the training step.
        peak_mb: largest memory of this process so far, MiB; it covers whatever else the process did.
        temp_mb: memory that the compiled training step needs beside its inputs and outputs, MiB.
        spike_rate: mean spikes a neuron and step, averaged over the layers.

    Raises:
        ValueError: unknown workload, or `repeats` below 1.

    Example:
        >>> small = Workload("small", layers=(4, 3), steps=5, batch_size=2)
        >>> sorted(measure(small, repeats=1))
        ['compile_s', 'floor_forward_ms', 'floor_step_ms', 'forward_ms', 'peak_mb', 'spike_rate', 'step_ms', 'temp_mb',
         'workload']
    """
    chosen = resolve_workload(workload)
    if repeats < 1:
        raise ValueError(f"measure: repeats must be at least 1, got {repeats!r}.")
    sim = build(chosen.network(), dt=chosen.dt)
    variables = sim.init(jax.random.key(0), chosen.batch_size)
    numbers = chosen.numbers()
    spikes, labels = jnp.asarray(numbers.spikes), jnp.asarray(numbers.labels)

    def network(params: Any, spikes: jax.Array) -> tuple[jax.Array, None]:
        return sim.run(variables.with_params(params), {"image": spikes}).outputs["counts"], None

    def products(weights: Any, spikes: jax.Array) -> tuple[jax.Array, jax.Array]:
        rows = spikes.reshape(-1, spikes.shape[-1])
        for weight in weights:
            rows = rows @ weight.T
        # The last product is returned too: XLA would otherwise fuse it into the sum, which can take ten times longer.
        return rows.reshape(*spikes.shape[:2], -1).sum(0), rows

    ours = _Task(network, variables.params, spikes, labels)
    floor = _Task(products, [jnp.asarray(weight) for weight in numbers.weights], spikes, labels)
    rates = sim.run(variables, {"image": spikes}).health.spike_rate
    times = _interleaved([ours.forward, floor.forward, ours.step, floor.step], repeats)
    keys = ("forward_ms", "floor_forward_ms", "step_ms", "floor_step_ms")
    return {
        "workload": chosen.name,
        **dict(zip(keys, times, strict=True)),
        "compile_s": ours.compile_s,
        "peak_mb": _peak_mb(),
        "temp_mb": ours.temp_mb,
        "spike_rate": statistics.fmean(float(rate) for rate in rates.values()),
    }


class _Task:
    """A function from parameters and spikes to counts (and more), compiled forward and as a training step."""

    def __init__(
        self, run: Callable[[Any, jax.Array], tuple[jax.Array, Any]], params: Any, spikes: jax.Array, labels: jax.Array
    ):
        optimiser = optax.adam(1e-3)
        # Donated buffers must not be those of anyone else.
        self.params = jax.tree.map(jnp.copy, params)
        self.optimiser_state = optimiser.init(self.params)
        self.spikes, self.labels = spikes, labels

        def loss(params: Any, spikes: jax.Array, labels: jax.Array) -> jax.Array:
            return optax.softmax_cross_entropy_with_integer_labels(run(params, spikes)[0], labels).mean()

        def step(params: Any, state: Any, spikes: jax.Array, labels: jax.Array) -> tuple[Any, Any, jax.Array]:
            value, gradients = jax.value_and_grad(loss)(params, spikes, labels)
            # optax mixes dtypes, which fails where JAX was asked for strict promotion.
            with jax.numpy_dtype_promotion("standard"):
                updates, state = optimiser.update(gradients, state, params)
            return optax.apply_updates(params, updates), state, value

        begin = time.perf_counter()
        self._forward = jax.jit(run).lower(self.params, spikes).compile()
        lowered = jax.jit(step, donate_argnums=(0, 1)).lower(self.params, self.optimiser_state, spikes, labels)
        self._step = lowered.compile()
        self.compile_s = time.perf_counter() - begin

    @property
    def temp_mb(self) -> float | None:
        """Memory of the step beside its inputs and outputs, MiB; `None` where the backend does not say."""
        analysis = self._step.memory_analysis()
        return None if analysis is None else analysis.temp_size_in_bytes / 2**20

    def forward(self) -> None:
        """A forward run, waited for."""
        jax.block_until_ready(self._forward(self.params, self.spikes))

    def step(self) -> None:
        """A training step, waited for."""
        result = self._step(self.params, self.optimiser_state, self.spikes, self.labels)
        self.params, self.optimiser_state, _ = jax.block_until_ready(result)


def _interleaved(tasks: list[Callable[[], None]], repeats: int) -> list[float]:
    """The median time of each task in ms, timed in turn after a warm-up."""
    times: list[list[float]] = [[] for _ in tasks]
    for repeat in range(_WARM_UP + repeats):
        for task, taken in zip(tasks, times, strict=True):
            begin = time.perf_counter()
            task()
            if repeat >= _WARM_UP:
                taken.append(1e3 * (time.perf_counter() - begin))
    return [statistics.median(taken) for taken in times]


def _peak_mb() -> float | None:
    """Largest resident memory of this process, MiB; `None` where the system does not say."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size / 2**20 if sys.platform == "darwin" else size / 2**10
