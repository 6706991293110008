"""NIR's equations in float64, node by node and step by step: written apart from the engine, which is held to it."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from spaic_jax.nir.choices import Choices
from spaic_jax.nir.graph import Graph, Node
from spaic_jax.nir.kinds import CONVOLUTIONS, NEURONS, POOLS, SPIKING, STATES, whole, window
from spaic_jax.nir.loops import late_edges, order

State = dict[str, np.ndarray]


@dataclasses.dataclass(frozen=True)
class Signal:
    """What goes over an edge in a step, `[B, *shape]`.

    Attributes:
        area: of impulses at the end of the step, in the file's unit of time; zero where spikes are held.
        value: held for the step.
    """

    area: np.ndarray
    value: np.ndarray

    def __add__(self, other: "Signal") -> "Signal":
        return Signal(self.area + other.area, self.value + other.value)


@dataclasses.dataclass(frozen=True)
class Executed:
    """What a graph made of its inputs, by path, `[T, B, *shape]`.

    Attributes:
        outputs: of each Output; spikes as they are, however they are signalled.
        spikes: of each node that spikes.
        potentials: of each node with a potential, after the step and its reset.
    """

    outputs: dict[str, np.ndarray]
    spikes: dict[str, np.ndarray]
    potentials: dict[str, np.ndarray]


def execute(graph: Graph, choices: Choices, inputs: Mapping[str, Any]) -> Executed:
    """Carry out a graph under some choices.

    Args:
        graph: what `read_graph` gives.
        choices: what NIR leaves open.
        inputs: what each Input gives, `[T, B, *shape]`, by its path.

    Raises:
        ValueError: inputs that do not fit; a loop, a delay or a mixture of spikes and currents that has no meaning.

    >>> import nir
    >>> from spaic_jax.nir.graph import read_graph
    >>> one = np.ones(1)
    >>> graph = read_graph(nir.NIRGraph.from_list(nir.LI(tau=one * 0.02, r=one, v_leak=one * 0)))
    >>> execute(graph, Choices(dt=1.0), {"input": np.ones((3, 1, 1))}).outputs["output"].ravel().round(4).tolist()
    [0.05, 0.0975, 0.1426]
    """
    given = _checked(graph, inputs)
    steps, batch = next(iter(given.values())).shape[:2]
    delays = {node.path: choices.steps(node.fields["delay"]) for node in graph.of_kind("Delay")}
    breaking = {path for path, wait in delays.items() if wait.min() >= 1}
    late = late_edges(graph, breaking, choices.late)
    turns = order(graph, late, breaking)
    sources = {path: graph.sources(path) for path in graph.nodes}
    states = {node.path: _first(node, batch) for node in graph.of_kind(*STATES)}
    before = first_signals(graph, batch)
    # What was sent into each Delay, the latest first.
    ways = {path: [before[path]] * (int(wait.max()) + 1) for path, wait in delays.items()}
    kept: dict[str, dict[str, list[np.ndarray]]] = {"outputs": {}, "spikes": {}, "potentials": {}}
    for t in range(steps):
        now: dict[str, Signal] = {}

        def gathered(path: str, now: dict[str, Signal] = now, before: dict[str, Signal] = before) -> Signal:
            parts = [before[source] if (source, path) in late else now[source] for source in sources[path]]
            return sum(parts[1:], start=parts[0])

        for path in turns:
            node = graph.nodes[path]
            if node.kind == "Input" and not node.passes:
                now[path] = _sent(given[path][t], choices)
            elif path in breaking:
                now[path] = _arrived(ways[path], delays[path] - 1)
            elif node.kind == "Delay":
                ways[path] = [gathered(path), *ways[path][:-1]]
                now[path] = _arrived(ways[path], delays[path])
            elif node.kind in NEURONS:
                spikes, potential = _neuron(node, choices, states.get(path, {}), gathered(path))
                if potential is not None:
                    kept["potentials"].setdefault(path, []).append(potential)
                if spikes is not None:
                    kept["spikes"].setdefault(path, []).append(spikes)
                now[path] = _held(potential) if spikes is None else _sent(spikes, choices)
            else:
                now[path] = linear(node, gathered(path))
                if node.kind == "Output" and not node.passes:
                    kept["outputs"].setdefault(path, []).append(_read(node, now[path]))
        for path in breaking:
            ways[path] = [gathered(path), *ways[path][:-1]]
        before = now
    return Executed(**{what: {path: np.stack(rows) for path, rows in found.items()} for what, found in kept.items()})


def first_signals(graph: Graph, batch: int = 1, *, through: bool = False) -> dict[str, Signal]:
    """What each node gives before the first step: neurons without spikes the potential with which they begin, all else zero.

    Args:
        graph: what `read_graph` gives.
        batch: samples.
        through: whether linear nodes give what they make of that, rather than zero.
    """
    made: dict[str, Signal] = {}
    edges = [edge for edge in graph.edges if graph.nodes[edge[1]].kind not in (*NEURONS, "Delay")]
    for path in order(graph, set(graph.edges) - set(edges), ()):
        node = graph.nodes[path]
        zero = np.zeros((batch, *node.gives))
        if node.kind in STATES - SPIKING:
            made[path] = _held(_first(node, batch)["v"])
        elif node.kind in (*NEURONS, "Delay") or not graph.sources(path) or not (through or node.passes):
            made[path] = Signal(zero, zero)
        else:
            parts = [made[source] for source in graph.sources(path)]
            made[path] = linear(node, sum(parts[1:], start=parts[0]))
    return made


def linear(node: Node, signal: Signal) -> Signal:
    """What a node without a state makes of a signal; a bias is held."""
    area, value = _mapped(node, signal.area), _mapped(node, signal.value)
    bias = node.fields.get("bias")
    return Signal(area, value if bias is None else value + bias.reshape(-1, *(1,) * (value.ndim - 2)))


def _mapped(node: Node, x: np.ndarray) -> np.ndarray:
    fields = node.fields
    if node.kind in ("Affine", "Linear"):
        return x @ fields["weight"].T
    if node.kind == "Scale":
        return x * fields["scale"]
    if node.kind in CONVOLUTIONS:
        weight, windows = fields["weight"], _windows(node, x)
        groups = whole(fields["groups"])
        spaces = tuple(range(-weight.ndim + 2, 0))
        parts = [
            np.tensordot(part, kernel, axes=((1, *spaces), tuple(range(1, weight.ndim))))
            for part, kernel in zip(np.split(windows, groups, axis=1), np.split(weight, groups), strict=True)
        ]
        return np.moveaxis(np.concatenate(parts, axis=-1), -1, 1)
    if node.kind in POOLS:
        windows = _windows(node, x)
        return windows.sum((-2, -1)) if node.kind == "SumPool2d" else windows.mean((-2, -1))
    return x.reshape(len(x), *node.gives)


def _windows(node: Node, x: np.ndarray) -> np.ndarray:
    """`[B, C, *places, *kernel]`."""
    spaces = window(node.kind, node.fields)
    axes = len(spaces["kernel"])
    padded = np.pad(x, ((0, 0), (0, 0), *zip(spaces["before"], spaces["after"], strict=True)))
    spans = [d * (k - 1) + 1 for k, d in zip(spaces["kernel"], spaces["dilation"], strict=True)]
    views = np.lib.stride_tricks.sliding_window_view(padded, spans, axis=tuple(range(2, 2 + axes)))
    return views[(slice(None), slice(None), *(slice(None, None, s) for s in spaces["stride"]), *(slice(None, None, d) for d in spaces["dilation"]))]


def _first(node: Node, batch: int) -> State:
    v = np.zeros((batch, *node.takes)) + node.fields.get("v_leak", 0.0)
    return {"v": v, "i": np.zeros_like(v)}


def _neuron(node: Node, choices: Choices, state: State, signal: Signal) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Spikes and potential after a step, as far as there are any; the state moves on."""
    fields, h = node.fields, choices.step
    if node.kind == "Threshold":
        if signal.area.any():
            raise ValueError(f"node '{node.path}' (Threshold) compares a value, but gets impulses, which have none.")
        return (signal.value > fields["threshold"]).astype(np.float64), None
    move = {"I": _integrate, "IF": _integrate, "LI": _leak, "LIF": _leak, "CubaLI": _synaptic, "CubaLIF": _synaptic}[node.kind]
    v = move(fields, choices, h, state, signal)
    if node.kind not in SPIKING:
        state["v"] = v
        return None, v
    spikes = v > fields["v_threshold"]
    after = fields["v_reset"] if choices.reset == "hard" else v - (fields["v_threshold"] - fields["v_reset"])
    state["v"] = np.where(spikes, after, v)
    return spikes.astype(np.float64), state["v"]


def _integrate(f: Mapping[str, Any], choices: Choices, h: float, state: State, signal: Signal) -> np.ndarray:
    """v' = r I."""
    v: np.ndarray = state["v"] + f["r"] * (h * signal.value + signal.area)
    return v


def _leak(f: Mapping[str, Any], choices: Choices, h: float, state: State, signal: Signal) -> np.ndarray:
    """tau v' = (v_leak - v) + r I."""
    v, tau = state["v"], f["tau"]
    if choices.integrator == "euler":
        v = v + h / tau * ((f["v_leak"] - v) + f["r"] * (signal.value + signal.area / h))
        return v
    rest = f["v_leak"] + f["r"] * signal.value
    v = rest + (v - rest) * np.exp(-h / tau) + f["r"] / tau * signal.area
    return v


def _synaptic(f: Mapping[str, Any], choices: Choices, h: float, state: State, signal: Signal) -> np.ndarray:
    """tau_syn i' = -i + w_in S, tau_mem v' = (v_leak - v) + r i."""
    v, i, first = state["v"], state["i"], choices.order == "input_first"
    tau_m, tau_s = f["tau_mem"], f["tau_syn"]
    if choices.integrator == "euler":
        new = i + h / tau_s * (-i + f["w_in"] * (signal.value + signal.area / h))
        v = v + h / tau_m * ((f["v_leak"] - v) + f["r"] * (new if first else i))
        state["i"] = new
        return v
    jump = f["w_in"] / tau_s * signal.area
    i = i + jump if first else i
    # What is held moves the points of rest, to which both decay.
    i_rest = f["w_in"] * signal.value
    v_rest = f["v_leak"] + f["r"] * i_rest
    v = v_rest + (v - v_rest) * np.exp(-h / tau_m) + f["r"] * (i - i_rest) * _passed_on(h, tau_m, tau_s)
    i = i_rest + (i - i_rest) * np.exp(-h / tau_s)
    state["i"] = i if first else i + jump
    return v


def _passed_on(h: float, tau_m: np.ndarray, tau_s: np.ndarray) -> np.ndarray:
    """What a current that decays by tau_s gives a potential that decays by tau_m in a step."""
    x = h / tau_m - h / tau_s
    small = np.abs(x) < 1e-8
    mean = np.where(small, 1 + x / 2, np.expm1(x) / np.where(small, 1, x))
    passed: np.ndarray = h / tau_m * np.exp(-h / tau_m) * mean
    return passed


def _sent(spikes: np.ndarray, choices: Choices) -> Signal:
    zero = np.zeros_like(spikes)
    return Signal(spikes, zero) if choices.signal == "impulse" else Signal(zero, spikes)


def _held(value: np.ndarray | None) -> Signal:
    assert value is not None
    return Signal(np.zeros_like(value), value)


def _arrived(way: list[Signal], wait: np.ndarray) -> Signal:
    """What was sent so many steps ago, by neuron."""
    steps = np.broadcast_to(wait, way[0].value.shape)[None]
    area, value = (np.take_along_axis(np.stack([getattr(s, part) for s in way]), steps, 0)[0] for part in ("area", "value"))
    return Signal(area, value)


def _read(node: Node, signal: Signal) -> np.ndarray:
    if signal.area.any() and signal.value.any():
        raise ValueError(f"node '{node.path}' (Output) gets impulses and currents, whose sum has no value.")
    return signal.area + signal.value


def _checked(graph: Graph, inputs: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Inputs as float64.

    Raises:
        ValueError: other names, shapes, or lengths.
    """
    wanted = {node.path: node.gives for node in graph.of_kind("Input")}
    if set(inputs) != set(wanted):
        raise ValueError(f"the Inputs are {', '.join(wanted)}, but {', '.join(map(str, inputs)) or 'nothing'} was given.")
    given = {path: np.asarray(inputs[path], np.float64) for path in wanted}
    for path, x in given.items():
        if x.ndim != len(wanted[path]) + 2 or x.shape[2:] != wanted[path] or 0 in x.shape:
            raise ValueError(f"what Input '{path}' gives must be of shape [T, B, {', '.join(map(str, wanted[path]))}], not {x.shape}.")
    if len({x.shape[:2] for x in given.values()}) > 1:
        said = ", ".join(f"{path} {x.shape[:2]}" for path, x in given.items())
        raise ValueError(f"all Inputs must give as many steps of as many samples, but are: {said}.")
    return given
