"""Recordings of runs as data of NIR, and back."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from spaic_jax._extras import import_extra
from spaic_jax.network import Encoder, Network, NeuronGroup, SpikeMonitor, StateMonitor
from spaic_jax.nir.names import node_path
from spaic_jax.run import Result


def to_nir_data(network: Network, result: Result) -> Any:
    """What the spike and state monitors of a run saw, as an `nir.NIRGraphData` of the nodes that `to_nir` writes.

    Spikes are events in seconds, `"spikes"`, each in the middle of its step, so that no rounding takes it into another one; all else
    is one number a step under the name of its variable. Groups of several axes are taken flat.

    Args:
        network: whose monitors these are.
        result: of a run of all steps from the first.

    Raises:
        ValueError: a network without such monitors, or one that looks at a part of a group, or not at every step from the first.
        ImportError: when nir is not installed.

    Example:
        >>> import jax, spaic_jax as sj
        >>> with sj.Network() as net:
        ...     image = sj.Encoder(num=1, coding_method="spikes")
        ...     layer = sj.NeuronGroup(1, model="if", v_th=1.5)
        ...     synapses = sj.Connection(image, layer, weight=[[1.0]])
        ...     fired = sj.SpikeMonitor(layer)
        >>> sim = sj.build(net, dt=0.5)
        >>> result = sim.run(sim.init(jax.random.key(0)), {"image": [[[1.0]]] * 4})
        >>> data = sj.nir.to_nir_data(net, result)
        >>> data.nodes["layer"].observables["spikes"].time.tolist()
        [[0.00075, 0.00175]]
    """
    nir = import_extra("nir", "data of NIR")
    seen: dict[str, dict[str, Any]] = {}
    for name, monitor in network.of_kind(SpikeMonitor, StateMonitor).items():
        values, times = np.asarray(result.probes[name]), np.asarray(result.times[name], np.float64)
        steps = np.rint(times / result.dt)
        if len(steps) and (steps != np.arange(1, len(steps) + 1)).any():
            raise ValueError(
                f"monitor '{name}' does not look at every step from the first: leave out its every=, start= and stop=, and give a run"
                " that goes on from no other."
            )
        target = monitor.target
        if monitor.index or not isinstance(target, NeuronGroup | Encoder):
            raise ValueError(f"monitor '{name}' does not look at a whole group: leave out its index=, or give another network.")
        path = node_path(network.name_of(target))
        rows = np.moveaxis(values.reshape(*values.shape[:2], -1), 0, 1)
        spikes = isinstance(monitor, SpikeMonitor)
        made = _events(nir, rows, result.dt / 1000) if spikes else nir.TimeGriddedData(data=rows.copy(), dt=result.dt / 1000)
        seen.setdefault(path, {})["spikes" if spikes else monitor.var_name] = made
    if not seen:
        raise ValueError("the network has no SpikeMonitor or StateMonitor: give it one of each group whose data are wanted.")
    return _nested(nir, {path: nir.NIRNodeData(observables=each) for path, each in seen.items()})


def from_nir_data(data: Any, dt: float) -> dict[str, dict[str, np.ndarray]]:
    """Data of NIR as arrays `[T, B, N]`, by node and by what was observed; what `to_nir_data` made comes back as it was.

    Args:
        data: an `nir.NIRGraphData`, such as `nir.read_data` gives. Events become 1, or their value, in the step that they fall
            in; several in one step add up.
        dt: length of a step, ms. What is given by steps must have this length.

    Raises:
        ValueError: data of another dt, or an event beyond the end or of a neuron that is not there.

    >>> import nir
    >>> events = nir.EventData(np.array([[1, -1]]), np.array([[0.0012, np.inf]]), n_neurons=2, t_max=0.003)
    >>> data = nir.NIRGraphData({"lif": nir.NIRNodeData({"spikes": events})})
    >>> from_nir_data(data, dt=1.0)["lif"]["spikes"][:, 0].tolist()
    [[0.0, 0.0], [0.0, 1.0], [0.0, 0.0]]
    """
    found: dict[str, dict[str, np.ndarray]] = {}

    def collect(nodes: Mapping[str, Any], front: str) -> None:
        for name, node in nodes.items():
            if hasattr(node, "nodes"):
                collect(node.nodes, f"{front}{name}/")
            else:
                found[front + name] = {key: _steps(each, dt, f"{front}{name}: {key}") for key, each in node.observables.items()}

    collect(data.nodes, "")
    return found


def _events(nir: Any, rows: np.ndarray, step: float) -> Any:
    """Spikes `[B, T, N]` as events."""
    batch, steps, neurons = rows.shape
    fired = [np.nonzero(sample) for sample in rows]
    most = max((len(times) for times, _ in fired), default=0)
    # HDF5 cannot compress an array without numbers.
    index, time = np.full((batch, max(most, 1)), -1), np.full((batch, max(most, 1)), np.inf)
    for i, (times, places) in enumerate(fired):
        index[i, : len(times)], time[i, : len(times)] = places, (times + 0.5) * step
    end = steps * step
    while int(end / step) < steps:
        # As nir counts the steps of an end.
        end = float(np.nextafter(end, np.inf))
    return nir.EventData(idx=index, time=time, n_neurons=neurons, t_max=end)


def _steps(seen: Any, dt: float, where: str) -> np.ndarray:
    """What was observed, `[T, B, N]`."""
    if hasattr(seen, "data"):
        if abs(seen.dt * 1000 - dt) > 1e-6 * dt:
            raise ValueError(f"{where} is given in steps of {seen.dt * 1000:g} ms, not of {dt:g} ms.")
        return np.moveaxis(np.asarray(seen.data), 1, 0).copy()
    steps, samples = round(seen.t_max / dt * 1000), len(seen.idx)
    made = np.zeros((steps, samples, seen.n_neurons), np.float32)
    sample, place = np.nonzero(np.asarray(seen.idx) >= 0)
    index, time = np.asarray(seen.idx)[sample, place], np.asarray(seen.time)[sample, place]
    # The beginning of a step is often a rounding error before it.
    at = np.floor(time / dt * 1000 + 1e-6)
    if wrong := int(((index >= seen.n_neurons) | ~((at >= 0) & (at < steps))).sum()):
        raise ValueError(f"{where}: {wrong} of its events are beyond its {seen.n_neurons} neurons or its end at {seen.t_max:g} s.")
    np.add.at(made, (at.astype(int), sample, index), np.asarray(getattr(seen, "value", np.ones(seen.idx.shape)))[sample, place])
    return made


def _nested(nir: Any, nodes: Mapping[str, Any]) -> Any:
    """Data by path as data in data."""
    inside: dict[str, dict[str, Any]] = {}
    own: dict[str, Any] = {}
    for path, node in nodes.items():
        front, slash, rest = path.partition("/")
        if slash:
            inside.setdefault(front, {})[rest] = node
        else:
            own[path] = node
    return nir.NIRGraphData(nodes=own | {name: _nested(nir, each) for name, each in inside.items()})
