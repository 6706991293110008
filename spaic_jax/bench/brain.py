"""What a second of the brain costs: networks that every simulator is measured by."""

import dataclasses
import functools
import time
import warnings
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from spaic_jax._numbers import whole
from spaic_jax.analysis import Spikes, cv
from spaic_jax.bench.timing import Forward, peak_mb
from spaic_jax.lowering import UnreachedWarning
from spaic_jax.network import Connection, Network, NeuronGroup, SpikeMonitor
from spaic_jax.program import Uniform
from spaic_jax.run import Simulator, build
from spaic_jax.standard import coba, cobahh, cuba
from spaic_jax.synapses import FixedDelay


@dataclasses.dataclass(frozen=True)
class BrainNetwork:
    """A network whose simulation is timed.

    Attributes:
        name: its name.
        declare: declares it; it has one spike monitor, `spikes`.
        duration: of a run, ms. Rates and intervals are those after its first fifth.
        dt: length of a step, ms.
    """

    name: str
    declare: Callable[[], Network]
    duration: float = 1000.0
    dt: float = 0.1


def silent(num: int, outdegree: int) -> Network:
    """Neurons at rest, with so many synapses each."""
    with Network() as net:
        cells = NeuronGroup(num, model="condlif", name="cells")
        if outdegree:
            Connection(
                cells, cells, "fixed_outdegree", outdegree=outdegree, storage="pairs", weight=6.0, post_var_name="g_exc",
                is_parameter=False,
            )
        SpikeMonitor(cells, name="spikes")
    return net


#: With the step that a loop takes, from 0.1 to 2 ms.
_DELAYS = FixedDelay(value=Uniform(0.0, 2.0), min_delay=0.0, max_delay=1.9)

_ALL = (
    BrainNetwork("coba 4 000", coba),
    BrainNetwork("coba 4 000, delays", functools.partial(coba, delay=_DELAYS)),
    BrainNetwork("coba 40 000", functools.partial(coba, 40_000)),
    BrainNetwork("cuba 4 000", cuba),
    BrainNetwork("cobahh 4 000", cobahh),
    BrainNetwork("silent 100 000", functools.partial(silent, 100_000, 100), duration=100.0),
    BrainNetwork("silent 100 000, no synapses", functools.partial(silent, 100_000, 0), duration=100.0),
)
#: What `spaic-jax bench --brain` times, by name.
BRAIN = {each.name: each for each in _ALL}


def measure_brain(network: BrainNetwork, repeats: int = 3) -> dict[str, Any]:
    """Time the simulation of a network, all spikes recorded: built with the defaults, and in plain JAX, without kernels.

    Both are timed in turn in one process, and the shortest time counts. Numbers are float32.

    Args:
        network: one of `BRAIN`, or another.
        repeats: timings of each.

    Returns:
        network: its name.
        wall_s_per_s: seconds a simulated second.
        plain_wall_s_per_s: of the same built with `products="dense"`; `None` where that is the same computation.
        rate_hz: spikes a neuron and second, after the first fifth of the run.
        cv_isi: mean coefficient of variation of the intervals of neurons with five or more of them; `None` where there is none.
        synapses: their number.
        build_s: seconds to declare and build the network and to draw its synapses.
        compile_s: seconds to trace and compile the run.
        peak_mb: largest memory of this process so far, MiB, whatever came before.

    Raises:
        ValueError: `repeats` that is not positive.

    Example:
        >>> sorted(measure_brain(BrainNetwork("small", functools.partial(coba, 100), duration=10.0), repeats=1))
        ['build_s', 'compile_s', 'cv_isi', 'network', 'peak_mb', 'plain_wall_s_per_s', 'rate_hz', 'synapses', 'wall_s_per_s']
    """
    repeats = whole(repeats, "repeats", least=1)
    begin = time.perf_counter()
    net = network.declare()
    with warnings.catch_warnings():
        # Neurons alone are timed too, to which nothing leads.
        warnings.simplefilter("ignore", UnreachedWarning)
        sim = build(net, dt=network.dt)
    variables = jax.block_until_ready(sim.init(jax.random.key(0)))
    build_s = time.perf_counter() - begin
    key, steps = jax.random.key(1), round(network.duration / network.dt)

    def running(sim: Simulator) -> Forward:
        def run(variables: Any, key: jax.Array) -> tuple[jax.Array, Any]:
            result = sim.run(variables, key=key, steps=steps)
            return result.probes["spikes"], result.variables.state

        return Forward(run, variables, key)

    runs = {"": running(sim)}
    plain = running(build(sim.program, products="dense"))
    if plain.text != runs[""].text:
        runs["plain_"] = plain
    raster = np.asarray(runs[""]()[0])[:, 0]
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(repeats):
        for name, run in runs.items():
            begin = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - begin)
    wall = {name: min(taken) / network.duration * 1e3 for name, taken in times.items()}
    spikes = Spikes.from_raster(raster[len(raster) // 5 :], network.dt)
    irregular = cv(spikes)
    return {
        "network": network.name,
        "wall_s_per_s": wall[""],
        "plain_wall_s_per_s": wall.get("plain_"),
        "rate_hz": len(spikes) / spikes.num / spikes.duration * 1e3,
        "cv_isi": None if np.isnan(irregular) else irregular,
        "synapses": sum(variables[f"{name}.weight"].size for name in net.of_kind(Connection)),
        "build_s": build_s,
        "compile_s": runs[""].compile_s,
        "peak_mb": peak_mb(),
    }
