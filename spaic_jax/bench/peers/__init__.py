"""Workloads in other libraries, one a file, timed in turn with this one in one process."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from spaic_jax._errors import unknown
from spaic_jax._numbers import whole
from spaic_jax.bench.peers import norse, snntorch, spikingjelly, spyx
from spaic_jax.bench.peers.base import Peer
from spaic_jax.bench.timing import Forward, Step, interleaved
from spaic_jax.bench.workload import Workload, resolve_workload
from spaic_jax.run import build

#: What makes a workload in another library, by the name of its package.
PEERS: dict[str, Callable[[Workload], Peer]] = {
    "norse": norse.make,
    "snntorch": snntorch.make,
    "spikingjelly": spikingjelly.make,
    "spyx": spyx.make,
}

__all__ = ["PEERS", "Peer", "measure_peer", "peer_of"]


def peer_of(workload: Workload, name: str) -> Peer:
    """A workload in the library of a name.

    Raises:
        ValueError: unknown name, with the nearest right one, or a workload of other than `lif` neurons.
        ImportError: the library is not installed.
    """
    if name not in PEERS:
        raise ValueError(unknown("peer", name, PEERS))
    if workload.model != "lif":
        raise ValueError(
            f"workload '{workload.name}' is one of '{workload.model}' neurons, which peers do not have: choose one of 'lif'."
        )
    return PEERS[name](workload)


def measure_peer(workload: str | Workload, peer: str, repeats: int | None = None) -> dict[str, Any]:
    """Time a workload here and in another library, in turn in one process: medians, milliseconds.

    Both have its layers, its input, its labels, its weights (recurrent ones where the library lets them be given), neurons that keep
    0.9 of their potential a step, counts of spikes, cross entropy and Adam; surrogate gradients and resets are the library's own.
    A step is one update, compiled where the library compiles.

    Args:
        workload: its name, or one of your own; of `lif` neurons.
        peer: name of a package in `PEERS`, which has to be installed, and what it needs.
        repeats: timings of each; those of the workload by default.

    Returns:
        workload, density: what was timed.
        peer: the package and its version.
        forward_ms, peer_forward_ms: of a run, here and there.
        step_ms, peer_step_ms: of a training step.
        peer_forward_ratio, peer_step_ratio: how many times as long it took there.

    Raises:
        ValueError: an unknown name, another neuron model, or `repeats` that is not positive.
        ImportError: the package is not installed.
    """
    chosen = resolve_workload(workload)
    repeats = whole(chosen.repeats if repeats is None else repeats, "measure_peer: repeats")
    other = peer_of(chosen, peer)
    sim, numbers = build(chosen.network(), dt=chosen.dt), chosen.numbers()
    variables = sim.init(jax.random.key(0), chosen.batch_size)
    spikes, labels = jnp.asarray(numbers.spikes), jnp.asarray(numbers.labels)

    def run(params: Any, spikes: jax.Array) -> tuple[jax.Array, None]:
        return sim.run(variables.with_params(params), {"image": spikes}).outputs["counts"], None

    times = interleaved(
        {
            "forward_ms": (Forward(run, variables.params, spikes), 1),
            "peer_forward_ms": (other.forward, 1),
            "step_ms": (Step(run, variables.params, spikes, labels), 1),
            "peer_step_ms": (other.step, 1),
        },
        repeats,
    )
    ratios = {f"peer_{name}_ratio": times[f"peer_{name}_ms"] / times[f"{name}_ms"] for name in ("forward", "step")}
    return {"workload": chosen.name, "density": chosen.density, "peer": other.version, **times, **ratios}
