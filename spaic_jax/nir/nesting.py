"""Assemblies as graphs in a graph, where they have one way in and one way out."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from spaic_jax.network.assembly import free_name
from spaic_jax.nir.draft import Draft, nir

Edge = tuple[str, str]


def paths(draft: Draft) -> dict[str, str]:
    """The path of each node in the finished graph, by its path in the draft.

    An assembly becomes a graph where all that comes from outside goes to the same nodes of it, all that leaves it comes from the
    same ones, and no data enters or leaves the network inside. Of others the names are joined by `.`.
    """
    graphs = {front for path in draft.nodes for front in _fronts(path)}
    kept = {graph for graph in graphs if _fits(draft, graph)}
    kept = {graph for graph in kept if all(front in kept for front in _fronts(f"{graph}/"))}
    renamed: dict[str, str] = {}
    taken: dict[str, str] = {}
    for path in draft.nodes:
        name = ""
        for i, part in enumerate(path.split("/")):
            front = "/".join(path.split("/")[:i])
            name += ("/" if not front or front in kept else ".") * bool(name) + part
        renamed[path] = free_name(name, taken)
        taken[renamed[path]] = path
    return renamed


def nested(draft: Draft, names: dict[str, str]) -> Any:
    """The graph of a draft, by the paths of its nodes."""
    nodes = {names[path]: node for path, node in draft.nodes.items()}
    edges = [(names[source], names[target]) for source, target in draft.edges]
    return _graph("", nodes, edges)


def _fronts(path: str) -> list[str]:
    """The assemblies around a node, from the outermost."""
    parts = path.split("/")[:-1]
    return ["/".join(parts[: i + 1]) for i in range(len(parts))]


def _fits(draft: Draft, graph: str) -> bool:
    inside = {path for path in draft.nodes if path.startswith(f"{graph}/")}
    if any(type(draft.nodes[path]).__name__ in ("Input", "Output") for path in inside):
        return False
    into = [(source, target) for source, target in draft.edges if source not in inside and target in inside]
    out = [(source, target) for source, target in draft.edges if source in inside and target not in inside]
    return bool(into) and bool(out) and _crossing(into) and _crossing(out)


def _crossing(edges: Iterable[Edge]) -> bool:
    """Whether every source leads to every target."""
    edges = set(edges)
    return len(edges) == len({source for source, _ in edges}) * len({target for _, target in edges})


def _graph(front: str, nodes: dict[str, Any], edges: list[Edge]) -> Any:
    """One level: its own nodes, and a graph for each that lies in it."""
    made = {path[len(front) :]: node for path, node in nodes.items() if path.startswith(front) and "/" not in path[len(front) :]}
    inner = {path[len(front) :].partition("/")[0] for path in nodes if path.startswith(front) and "/" in path[len(front) :]}
    for name in sorted(inner):
        made[name] = _inner(f"{front}{name}/", nodes, edges)

    def level(path: str) -> str:
        return path[len(front) :].partition("/")[0]

    joined = [
        (level(source), level(target))
        for source, target in edges
        if source.startswith(front) and target.startswith(front) and (level(source) != level(target) or level(source) not in inner)
    ]
    # nir infers the types of some nodes wrongly; those here are right.
    return nir().NIRGraph(nodes=made, edges=sorted(set(joined)), metadata={}, type_check=False)


def _inner(front: str, nodes: dict[str, Any], edges: list[Edge]) -> Any:
    """A graph in a graph, with an Input and an Output."""
    into = sorted({target for source, target in edges if not source.startswith(front) and target.startswith(front)})
    out = sorted({source for source, target in edges if source.startswith(front) and not target.startswith(front)})
    first, last = (front + free_name(name, {path[len(front) :]: path for path in nodes if path.startswith(front)}) for name in ("input", "output"))
    takes, gives = np.array(nodes[into[0]].input_type["input"]), np.array(nodes[out[0]].output_type["output"])
    own = {**nodes, first: nir().Input(input_type={"input": takes}), last: nir().Output(output_type={"output": gives})}
    ends = [*((first, target) for target in into), *((source, last) for source in out)]
    return _graph(front, own, [*edges, *ends])
