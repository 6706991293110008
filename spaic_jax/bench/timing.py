"""How long a workload takes, beside its matrix products alone.

They are a yardstick and no strict limit: a tile that stays in cache may beat products over all steps at once.
"""

import functools
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax

from spaic_jax.bench.floor import products
from spaic_jax.bench.workload import Workload, resolve_workload
from spaic_jax.plan import Reference, Tiled
from spaic_jax.run import Simulator, build

_WARM_UP = 3
#: The reference plan is timed in every so many rounds only, as it can take many times longer than all others together.
_REFERENCE_EVERY = 5


def measure(workload: str | Workload, repeats: int | None = None) -> dict[str, Any]:
    """Time a workload: a forward run and a training step (gradient and Adam update), each beside its floor.

    The floor is the same work with nothing but the matrix products, without neurons. Where the workload is recurrent,
    that includes the recurrent product: once a step in a loop, forward and backward, and the gradient of its weights as
    one product over all steps. All are timed in turn in one process, so that a disturbance meets all of them; compare
    ratios rather than times. Compilation is timed apart and is no part of the medians.

    The floor's products are dense, zeros and all. The default plan may leave out what no spike came for, and is timed
    beside one that leaves out nothing too.

    Args:
        workload: a name in `WORKLOADS`, or a workload, such as `dataclasses.replace(WORKLOADS["A512"], density=0.02)`.
        repeats: timings of each, of which the median counts; `workload.repeats` by default. The reference plan, slow
            as it is, has a fifth of them.

    Returns:
        workload: its name.
        density: probability of an input spike.
        forward_ms, step_ms: medians of a forward run and of a training step, built with the defaults.
        dense_forward_ms, dense_step_ms: the same built with `products="dense"`; `None` where that is the same computation.
        floor_forward_ms, floor_step_ms: medians of the matrix products alone.
        reference_forward_ms, reference_step_ms: medians of the reference plan; `None` where the workload leaves it out.
        step_ratio, dense_step_ratio: `step_ms` and `dense_step_ms` as multiples of `floor_step_ms`.
        remat_step_ms: median of a training step with `remat="auto"`; `None` where that is the same computation.
        forward_us_per_step, step_us_per_step: the same medians a simulated step, microseconds.
        compile_s: seconds to trace and compile the forward run and the training step.
        peak_mb: largest memory of this process so far, MiB; it covers all that was timed, and what came before.
        temp_mb: memory that the compiled training step needs beside its inputs and outputs, MiB, by XLA's account.
        remat_temp_mb: the same with `remat="auto"`; `None` where that is the same computation.
        spike_rate: mean spikes a neuron and step, averaged over the layers.

    Raises:
        ValueError: unknown workload, or `repeats` below 1.

    Example:
        >>> tiny = Workload("tiny", layers=(4, 3), steps=5, batch_size=2)
        >>> sorted(measure(tiny, repeats=1))
        ['compile_s', 'dense_forward_ms', 'dense_step_ms', 'dense_step_ratio', 'density', 'floor_forward_ms',
         'floor_step_ms', 'forward_ms', 'forward_us_per_step', 'peak_mb', 'reference_forward_ms', 'reference_step_ms',
         'remat_step_ms', 'remat_temp_mb', 'spike_rate', 'step_ms', 'step_ratio', 'step_us_per_step', 'temp_mb',
         'workload']
    """
    chosen = resolve_workload(workload)
    if repeats is None:
        repeats = chosen.repeats
    if repeats < 1:
        raise ValueError(f"measure: repeats must be at least 1, got {repeats!r}.")
    sim = build(chosen.network(), dt=chosen.dt)
    variables = sim.init(jax.random.key(0), chosen.batch_size)
    numbers = chosen.numbers()
    spikes, labels = jnp.asarray(numbers.spikes), jnp.asarray(numbers.labels)

    def running(sim: Simulator) -> Callable[[Any, jax.Array], tuple[jax.Array, None]]:
        def run(params: Any, spikes: jax.Array) -> tuple[jax.Array, None]:
            return sim.run(variables.with_params(params), {"image": spikes}).outputs["counts"], None

        return run

    weights = {
        "between": [jnp.asarray(weight) for weight in numbers.weights],
        "within": jnp.asarray(numbers.within) if chosen.recurrent else None,
    }
    forward = Forward(running(sim), variables.params, spikes)
    step = Step(running(sim), variables.params, spikes, labels)
    tasks: dict[str, tuple[Callable[[], object], int]] = {
        "forward_ms": (forward, 1),
        "floor_forward_ms": (Forward(products, weights, spikes), 1),
        "step_ms": (step, 1),
        "floor_step_ms": (Step(products, weights, spikes, labels), 1),
    }
    dense = running(build(sim.program, products="dense"))
    dense_step = Step(dense, variables.params, spikes, labels)
    if dense_step.text != step.text:
        tasks["dense_forward_ms"] = (Forward(dense, variables.params, spikes), 1)
        tasks["dense_step_ms"] = (dense_step, 1)
    if chosen.reference:
        slow = running(build(sim.program, plan=Reference()))
        tasks["reference_forward_ms"] = (Forward(slow, variables.params, spikes), _REFERENCE_EVERY)
        tasks["reference_step_ms"] = (Step(slow, variables.params, spikes, labels), _REFERENCE_EVERY)
    remat = Step(running(build(sim.program, plan=Tiled(remat="auto"))), variables.params, spikes, labels)
    differs = remat.text != step.text
    if differs:
        tasks["remat_step_ms"] = (remat, 1)
    rates = sim.run(variables, {"image": spikes}).health.spike_rate
    times = interleaved(tasks, repeats)
    return {
        "workload": chosen.name,
        "density": chosen.density,
        "forward_ms": times["forward_ms"],
        "dense_forward_ms": times.get("dense_forward_ms"),
        "floor_forward_ms": times["floor_forward_ms"],
        "reference_forward_ms": times.get("reference_forward_ms"),
        "step_ms": times["step_ms"],
        "dense_step_ms": times.get("dense_step_ms"),
        "floor_step_ms": times["floor_step_ms"],
        "reference_step_ms": times.get("reference_step_ms"),
        "remat_step_ms": times.get("remat_step_ms"),
        "step_ratio": times["step_ms"] / times["floor_step_ms"],
        "dense_step_ratio": times["dense_step_ms"] / times["floor_step_ms"] if "dense_step_ms" in times else None,
        "forward_us_per_step": 1e3 * times["forward_ms"] / chosen.steps,
        "step_us_per_step": 1e3 * times["step_ms"] / chosen.steps,
        "compile_s": forward.compile_s + step.compile_s,
        "peak_mb": peak_mb(),
        "temp_mb": step.temp_mb,
        "remat_temp_mb": remat.temp_mb if differs else None,
        "spike_rate": statistics.fmean(float(rate) for rate in rates.values()),
    }


#: From parameters and spikes to counts, and more that has to be computed.
_Run = Callable[[Any, Any], tuple[Any, Any]]


class Forward:
    """A compiled run; a call does it, and gives back what it gives when that is there. `text` is what was compiled."""

    def __init__(self, run: _Run, params: Any, spikes: Any):
        self._arguments = params, spikes
        begin = time.perf_counter()
        lowered = jax.jit(run).lower(*self._arguments)
        self._compiled = lowered.compile()
        self.compile_s = time.perf_counter() - begin
        self.text = lowered.as_text()

    def __call__(self) -> tuple[Any, Any]:
        result: tuple[Any, Any] = jax.block_until_ready(self._compiled(*self._arguments))
        return result


class Step:
    """A training step on a run; a call does it and waits. It is compiled when it is first needed."""

    def __init__(self, run: _Run, params: Any, spikes: jax.Array, labels: jax.Array):
        optimiser = optax.adam(1e-3)
        # Donated buffers must not be those of anyone else.
        self._params = jax.tree.map(jnp.copy, params)
        self._optimiser_state = optimiser.init(self._params)
        self._data = spikes, labels

        def loss(params: Any, spikes: jax.Array, labels: jax.Array) -> jax.Array:
            return optax.softmax_cross_entropy_with_integer_labels(run(params, spikes)[0], labels).mean()

        def step(params: Any, state: Any, spikes: jax.Array, labels: jax.Array) -> tuple[Any, Any, jax.Array]:
            value, gradients = jax.value_and_grad(loss)(params, spikes, labels)
            # optax mixes dtypes, which fails where JAX was asked for strict promotion.
            with jax.numpy_dtype_promotion("standard"):
                updates, state = optimiser.update(gradients, state, params)
            return optax.apply_updates(params, updates), state, value

        begin = time.perf_counter()
        self._lowered = jax.jit(step, donate_argnums=(0, 1)).lower(self._params, self._optimiser_state, *self._data)
        self._trace_s = time.perf_counter() - begin

    @property
    def text(self) -> str:
        """What is to be compiled: the same text, the same computation."""
        return self._lowered.as_text()

    @functools.cached_property
    def _compiled(self) -> tuple[Any, float]:
        begin = time.perf_counter()
        return self._lowered.compile(), time.perf_counter() - begin

    @property
    def compile_s(self) -> float:
        """Seconds to trace and compile."""
        return self._trace_s + self._compiled[1]

    @property
    def temp_mb(self) -> float | None:
        """Memory beside inputs and outputs, MiB; `None` where the backend does not say."""
        analysis = self._compiled[0].memory_analysis()
        return None if analysis is None else analysis.temp_size_in_bytes / 2**20

    def __call__(self) -> None:
        result = self._compiled[0](self._params, self._optimiser_state, *self._data)
        self._params, self._optimiser_state, _ = jax.block_until_ready(result)


def interleaved(tasks: dict[str, tuple[Callable[[], object], int]], repeats: int) -> dict[str, float]:
    """The median time of each task in ms, timed in turn after a warm-up.

    Args:
        tasks: by name, what to time, and that it takes part in every so many rounds only.
        repeats: number of rounds.
    """
    times: dict[str, list[float]] = {name: [] for name in tasks}
    for count, kept in ((min(_WARM_UP, repeats), False), (repeats, True)):
        for number in range(count):
            for name, (task, every) in tasks.items():
                if number % every == 0:
                    begin = time.perf_counter()
                    task()
                    if kept:
                        times[name].append(1e3 * (time.perf_counter() - begin))
    return {name: statistics.median(taken) for name, taken in times.items()}


def peak_mb() -> float | None:
    """Largest resident memory of this process, MiB; `None` where the system does not say."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size / 2**20 if sys.platform == "darwin" else size / 2**10
