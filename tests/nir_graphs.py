"""Random graphs of NIR: branches, sums, several inputs and outputs, loops, nested graphs, all types of nodes."""

from typing import Any

import nir
import numpy as np

Shape = tuple[int, ...]
NEURONS = ("LIF", "IF", "LI", "CubaLIF", "CubaLI", "I", "Threshold")


def neuron(rng: np.random.Generator, kind: str, shape: Shape, *, dt: float = 1e-3, impulse: bool = False) -> Any:
    """A node of neurons whose time constants are some steps of `dt` s, and whose input is held, or impulses of area 1 s."""

    def uniform(low: float, high: float) -> np.ndarray:
        return rng.uniform(low, high, shape)

    tau = {"tau": uniform(2 * dt, 12 * dt)}
    cuba = {"tau_mem": uniform(2 * dt, 12 * dt), "tau_syn": uniform(2 * dt, 6 * dt), "w_in": uniform(0.5, 4.0)}
    leak = {"r": uniform(0.5, 3.0), "v_leak": uniform(-0.3, 0.2)}
    fire = {"v_threshold": uniform(0.4, 1.0), "v_reset": uniform(-0.3, 0.3)}
    if kind == "Threshold":
        return nir.Threshold(uniform(0.1, 0.6))
    if kind in ("I", "IF"):
        return getattr(nir, kind)(r=uniform(0.1, 0.9) / (1 if impulse else dt), **(fire if kind == "IF" else {}))
    if impulse:
        leak["r"] *= 3 * dt
    own = (cuba if "Cuba" in kind else tau) | leak | (fire if kind.endswith("F") else {})
    return getattr(nir, kind)(**own)


def linear(rng: np.random.Generator, shape: Shape, *, dt: float = 1e-3) -> Any:
    """A linear node that takes a shape."""
    kinds = ["Scale", "Delay"]
    kinds += ["Affine", "Linear"] * 2 if len(shape) == 1 else ["Flatten", "Flatten"]
    kinds += ["Conv1d"] * 2 if len(shape) == 2 else []
    kinds += ["Conv2d", "Conv2d", "SumPool2d", "AvgPool2d"] if len(shape) == 3 and min(shape[1:]) >= 2 else []
    kind = rng.choice(kinds)
    if kind == "Scale":
        return nir.Scale(rng.normal(0.8, 0.3, shape))
    if kind == "Delay":
        return nir.Delay(rng.integers(rng.integers(2), 4, shape) * dt)
    if kind in ("Affine", "Linear"):
        made = int(rng.integers(1, 5))
        weight = rng.normal(0.2, 0.8, (made, shape[0]))
        return nir.Linear(weight) if kind == "Linear" else nir.Affine(weight, rng.normal(0, 0.3, made))
    if kind == "Flatten":
        start = int(rng.integers(len(shape) - 1))
        return nir.Flatten({"input": np.array(shape)}, start, -1)
    if kind in ("SumPool2d", "AvgPool2d"):
        size = rng.integers(1, np.minimum(shape[1:], 2) + 1)
        return getattr(nir, kind)(kernel_size=size, stride=rng.integers(1, 3, 2), padding=size // 2 * rng.integers(2))
    groups = int(rng.choice([n for n in (1, 2) if shape[0] % n == 0]))
    made = groups * int(rng.integers(1, 3))
    kernel = rng.integers(1, np.minimum(shape[1:], 3) + 1)
    dilation = int(rng.integers(1, 3)) if (2 * (kernel - 1) < shape[1:]).all() else 1
    same = rng.random() < 0.3
    stride, padding = (1, "same") if same else (int(rng.integers(1, 3)), int(rng.integers(2)))
    weight = rng.normal(0.1, 0.7, (made, shape[0] // groups, *kernel))
    return getattr(nir, kind)(
        input_shape=None, weight=weight, stride=stride, padding=padding, dilation=dilation, groups=groups,
        bias=rng.normal(0, 0.2, made),
    )


def gives(node: Any, shape: Shape) -> Shape:
    """The shape that a linear node gives, by trying it out on zeros."""
    kind = type(node).__name__
    if kind in ("Affine", "Linear"):
        return node.weight.shape[:1]
    if kind == "Flatten":
        first = node.start_dim
        return (*shape[:first], int(np.prod(shape[first:])))
    if kind not in ("Conv1d", "Conv2d", "SumPool2d", "AvgPool2d"):
        return shape
    kernel = node.weight.shape[2:] if "Conv" in kind else tuple(int(n) for n in node.kernel_size)
    if isinstance(node.padding, str):
        return (node.weight.shape[0], *shape[1:])

    def of(value: Any) -> np.ndarray:
        return np.broadcast_to(np.asarray(value), (len(kernel),))

    spread = of(getattr(node, "dilation", 1)) * (np.array(kernel) - 1) + 1
    places = (np.array(shape[1:]) + 2 * of(node.padding) - spread) // of(node.stride) + 1
    return (node.weight.shape[0] if "Conv" in kind else shape[0], *map(int, places))


def nested(rng: np.random.Generator, shape: Shape, impulse: bool = False) -> nir.NIRGraph:
    """A recurrent layer as a graph of its own."""
    size = int(np.prod(shape))
    nodes = {
        "in": nir.Input({"input": np.array(shape)}),
        "cells": neuron(rng, str(rng.choice(("LIF", "CubaLIF"))), shape, impulse=impulse),
        "out": nir.Output({"output": np.array(shape)}),
    }
    edges = [("in", "cells"), ("cells", "out")]
    if len(shape) == 1:
        nodes["rec"] = nir.Affine(rng.normal(0, 0.5, (size, size)), rng.normal(0, 0.2, size))
        edges += [("cells", "rec"), ("rec", "cells")]
    return nir.NIRGraph(nodes, edges, type_check=False)


def random_graph(rng: np.random.Generator, count: int = 6, impulse: bool = False) -> nir.NIRGraph:
    """A graph of some nodes beside its Inputs and Outputs; names and the order of edges are random."""
    shapes: dict[str, Shape] = {}
    nodes: dict[str, Any] = {}
    edges: set[tuple[str, str]] = set()
    letters = [chr(97 + i) for i in rng.permutation(26)]

    def add(node: Any, shape: Shape) -> str:
        name = letters[len(nodes) % 26] + str(rng.choice(["", ".x", "1"])) + str(len(nodes))
        nodes[name], shapes[name] = node, shape
        return name

    for _ in range(rng.integers(1, 3)):
        shape = tuple(int(n) for n in rng.integers(2, 5, rng.choice([1, 1, 2, 3])))
        add(nir.Input({"input": np.array(shape)}), shape)
    entries = list(nodes)
    for _ in range(count):
        source = str(rng.choice(list(nodes)))
        shape = shapes[source]
        which = rng.random()
        if which < 0.45:
            name = add(neuron(rng, str(rng.choice(NEURONS)), shape, impulse=impulse), shape)
        elif which < 0.55:
            name = add(nested(rng, shape, impulse), shape)
        else:
            node = linear(rng, shape)
            name = add(node, gives(node, shape))
        edges.add((source, name))
        for other, same in shapes.items():
            if other not in (source, name) and same == shape and rng.random() < 0.25:
                edges.add((other, name))
    stateful = [name for name, node in nodes.items() if type(node).__name__ in ("LIF", "LI", "CubaLIF", "IF") and len(shapes[name]) == 1]
    for _ in range(rng.integers(3)):
        if stateful:
            post, pre = (str(rng.choice(stateful)) for _ in range(2))
            back = add(nir.Linear(rng.normal(0, 0.4, (shapes[post][0], shapes[pre][0]))), shapes[post])
            edges |= {(pre, back), (back, post)}
    leads = {source for source, _ in edges}
    for name in list(nodes):
        if name not in leads or (name not in entries and rng.random() < 0.2):
            out = add(nir.Output({"output": np.array(shapes[name])}), shapes[name])
            edges.add((name, out))
    listed = sorted(edges)
    return nir.NIRGraph(nodes, [listed[i] for i in rng.permutation(len(listed))], type_check=False)


def inputs_of(graph: nir.NIRGraph, rng: np.random.Generator, steps: int, batch: int, rate: float = 0.5) -> dict[str, np.ndarray]:
    """Spikes for every Input, `[T, B, *shape]`."""
    shapes = {name: tuple(node.input_type["input"]) for name, node in graph.nodes.items() if isinstance(node, nir.Input)}
    return {name: (rng.random((steps, batch, *shape)) < rate).astype(float) for name, shape in shapes.items()}
