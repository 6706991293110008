"""Chains of linear nodes between what holds values: each becomes one connection."""

import dataclasses
from collections.abc import Collection, Iterator, Mapping

from spaic_jax.nir.graph import Edge, Graph, Node
from spaic_jax.nir.kinds import CONVOLUTIONS, NEURONS, POOLS
from spaic_jax.nir.scaling import WEIGHTED


@dataclasses.dataclass(frozen=True)
class Place:
    """What holds a value in every step: an Input, a node of neurons, or the value before or after a linear node.

    Attributes:
        node: the node's path.
        side: `""` of an Input or of neurons; `"in"` or `"out"`.
    """

    node: str
    side: str = ""

    @property
    def name(self) -> str:
        """The path of the node, and the side."""
        return f"{self.node}:{self.side}" if self.side else self.node


@dataclasses.dataclass(frozen=True)
class Wire:
    """Edges from a node to the next one that does something, through ends of nested graphs.

    Attributes:
        source, target: the two nodes.
        via: the ends between them.
        late: how many of the edges take a step.
    """

    source: str
    target: str
    via: tuple[str, ...]
    late: int


@dataclasses.dataclass(frozen=True)
class Chain:
    """What one connection does.

    Attributes:
        start, end: where it begins and ends.
        hop: the node to which its first edge leads.
        nodes: the linear nodes on its way, in order.
        passed: the ends of nested graphs on its way.
        late: how many steps its edges take.
        output: the Output that it leads to; its `end` then holds what that gives, and is `start` where nothing is done.
    """

    start: Place
    end: Place
    hop: str
    nodes: tuple[Node, ...]
    passed: tuple[str, ...]
    late: int
    output: str | None = None

    def of_kind(self, wanted: Collection[str]) -> Node | None:
        """The first of its nodes of some types."""
        return next((node for node in self.nodes if node.kind in wanted), None)


def wires_of(graph: Graph, late: Collection[Edge]) -> list[Wire]:
    """The edges of a graph, without the ends of nested graphs."""

    def onwards(source: str, path: str, via: tuple[str, ...], steps: int) -> Iterator[Wire]:
        for target in graph.targets(path):
            taken = steps + ((path, target) in late)
            if graph.nodes[target].passes:
                yield from onwards(source, target, (*via, target), taken)
            else:
                yield Wire(source, target, via, taken)

    return [wire for path, node in graph.nodes.items() if not node.passes for wire in onwards(path, path, (), 0)]


def chains_of(graph: Graph, late: Collection[Edge], looping: Collection[str], begins: Mapping[str, bool]) -> list[Chain]:
    """All linear nodes as chains, each of which one connection can carry out.

    A connection has one link with weights, pools before it, or after it if it convolves, and a delay in front of all. What needs
    more is cut, and the value between two chains is held by a group that passes it on.

    Args:
        graph: the graph.
        late: the edges that take a step.
        looping: the nodes in loops.
        begins: whether a node gives something other than zero before the first step, if linear ones give what they make of that.
    """
    wires = wires_of(graph, late)
    before = {path: [wire for wire in wires if wire.target == path] for path in graph.nodes}
    after = {path: [wire for wire in wires if wire.source == path] for path in graph.nodes}
    done, ahead = set[Place](), [Place(node.path) for node in graph.of_kind("Input", *NEURONS)]
    made: list[Chain] = []
    while ahead:
        start = ahead.pop(0)
        if start in done:
            continue
        done.add(start)
        node = graph.nodes[start.node]
        first = [Wire(node.path, node.path, (), 0)] if start.side == "in" else after[start.node]
        for wire in first:
            chain = _followed(graph, start, wire, before, after, looping, begins)
            made.append(chain)
            if chain.end.side and chain.output is None:
                ahead.append(chain.end)
    return made


def _followed(
    graph: Graph,
    start: Place,
    wire: Wire,
    before: Mapping[str, list[Wire]],
    after: Mapping[str, list[Wire]],
    looping: Collection[str],
    begins: Mapping[str, bool],
) -> Chain:
    """The chain from a place along a wire, as far as one connection goes."""
    nodes: list[Node] = []
    passed: list[str] = []
    late = 0
    fresh = start.side == "in"
    hop = (*wire.via, wire.target)[0]
    while True:
        if nodes and wire.late and begins[nodes[-1].path]:
            # The step lies behind the node, which gives nothing before the first one; a connection takes it in front of all.
            return Chain(start, Place(nodes[-1].path, "out"), hop, tuple(nodes), tuple(passed), late)
        passed += wire.via
        late += wire.late
        node = graph.nodes[wire.target]
        if node.kind in NEURONS:
            return Chain(start, Place(node.path), hop, tuple(nodes), tuple(passed), late)
        single = len(before[node.path]) == 1
        if node.kind == "Output":
            bare = single and not nodes and not late and graph.nodes[start.node].kind != "Input"
            return Chain(start, start if bare else Place(node.path, "in"), hop, tuple(nodes), tuple(passed), late, node.path)
        if not fresh and not (single and _fits(node, start, nodes, looping, begins)):
            return Chain(start, Place(node.path, "in"), hop, tuple(nodes), tuple(passed), late)
        fresh = False
        nodes.append(node)
        if len(after[node.path]) > 1:
            return Chain(start, Place(node.path, "out"), hop, tuple(nodes), tuple(passed), late)
        wire = after[node.path][0]


def _fits(node: Node, start: Place, nodes: list[Node], looping: Collection[str], begins: Mapping[str, bool]) -> bool:
    """Whether a node may follow others in one connection."""
    weighted = next((other for other in nodes if other.kind in WEIGHTED), None)
    flat = any(other.kind == "Flatten" and other.takes != other.gives for other in nodes)
    if node.kind == "Delay":
        # A delay in a loop is partly one of the link, which reads what there was before the first step; a Delay gives zero then.
        return not nodes and not (node.path in looping and not start.side and begins[start.node])
    if node.kind in WEIGHTED:
        return weighted is None and not (flat and node.kind in CONVOLUTIONS)
    if node.kind in POOLS:
        return not flat and (weighted is None or weighted.kind in CONVOLUTIONS)
    return True

