"""Loops of a graph: which edges take a step, and in which order nodes can be carried out."""

from collections.abc import Collection, Iterable, Mapping

from spaic_jax._errors import unknown
from spaic_jax._graph import components
from spaic_jax.nir.graph import Edge, Graph
from spaic_jax.nir.kinds import STATES


def late_edges(graph: Graph, breaking: Collection[str], said: Collection[Edge] | None = None) -> frozenset[Edge]:
    """The edges that carry what was given a step before.

    Where nothing is said, these are the edges within a loop that lead back to where it is entered, and of what then still
    loops, in the same way. If the source of such an edge holds no state and leads nowhere else, the step is taken before it, so
    that in the end it is taken by what a state gives. That depends on no order and no names. A Delay of a step or more takes
    that time and no further step.

    Args:
        graph: the graph.
        breaking: the Delays of at least a step.
        said: the edges that are to take a step instead.

    Raises:
        ValueError: a loop without a state, or of which no edge takes a step; a loop that no edge enters; an edge that is none.
    """
    _check_states(graph, breaking)
    free = [(source, target) for source, target in graph.edges if target not in breaking]
    if said is not None:
        for edge in said:
            if edge not in graph.edges:
                names = unknown("edge", " -> ".join(edge), (" -> ".join(other) for other in graph.edges))
                raise ValueError(f"late: {names}")
        late = frozenset(said)
        if loops := _loops(graph, [edge for edge in free if edge not in late]):
            raise ValueError(f"the loop of {_listed(loops[0])} has no edge in late: each loop needs one that takes a step.")
        return late
    late = frozenset()
    while loops := _loops(graph, [edge for edge in free if edge not in late]):
        for loop in loops:
            entered = {target for source, target in graph.edges if target in loop and source not in loop}
            back = {(source, target) for source, target in free if source in loop and target in entered}
            if not back:
                raise ValueError(f"the loop of {_listed(loop)} is entered by no edge: say in late which edges of it take a step.")
            late |= back
    return _drawn_back(graph, late)


def _drawn_back(graph: Graph, late: frozenset[Edge]) -> frozenset[Edge]:
    """The same steps, taken before nodes without a state that lead nowhere else."""
    looping = in_loops(graph)

    def free(path: str) -> bool:
        """Whether all of what it gives takes a step, and nothing of what it gets does, which comes from loops."""
        ahead, behind = graph.sources(path), graph.targets(path)
        return all((path, after) in late for after in behind) and all(before in looping and (before, path) not in late for before in ahead)

    while True:
        sources = {source for source, _ in late if graph.nodes[source].kind not in (*STATES, "Threshold", "Delay", "Input")}
        movable = sorted(filter(free, sources))
        if not movable:
            return late
        moved = movable[0]
        late = frozenset(edge for edge in late if edge[0] != moved) | {(source, moved) for source in graph.sources(moved)}


def order(graph: Graph, late: Collection[Edge], breaking: Collection[str]) -> list[str]:
    """The nodes, each after all whose output of the same step it needs."""
    followers = _followers(graph, [edge for edge in graph.edges if edge not in late and edge[1] not in breaking])
    return [path for loop in _components(graph, followers) for path in loop]


def in_loops(graph: Graph) -> frozenset[str]:
    """The nodes that lie in a loop."""
    return frozenset(path for loop in _loops(graph, graph.edges) for path in loop)


def _check_states(graph: Graph, breaking: Collection[str]) -> None:
    stateless = {path for path, node in graph.nodes.items() if node.kind not in STATES and path not in breaking}
    if loops := _loops(graph, [(source, target) for source, target in graph.edges if {source, target} <= stateless]):
        raise ValueError(f"the loop of {_listed(loops[0])} holds no state: a loop needs a neuron, or a Delay of at least a step.")


def _loops(graph: Graph, edges: Iterable[Edge]) -> list[list[str]]:
    """The nodes of each loop, of these edges alone."""
    followers = _followers(graph, edges)
    return [loop for loop in _components(graph, followers) if len(loop) > 1 or loop[0] in followers[loop[0]]]


def _followers(graph: Graph, edges: Iterable[Edge]) -> dict[str, list[str]]:
    followers: dict[str, list[str]] = {path: [] for path in graph.nodes}
    for source, target in edges:
        followers[source].append(target)
    return followers


def _components(graph: Graph, followers: Mapping[str, list[str]]) -> list[list[str]]:
    names = list(graph.nodes)
    number = {path: i for i, path in enumerate(names)}
    found = components({number[path]: [number[after] for after in followers[path]] for path in names})
    return [[names[i] for i in loop] for loop in found]


def _listed(loop: list[str]) -> str:
    return ", ".join(f"'{path}'" for path in loop)
