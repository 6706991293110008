"""A graph of NIR in one normal form: nodes by path, with checked fields and shapes, and the edges between them."""

import dataclasses
import os
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from spaic_jax._errors import unknown
from spaic_jax.nir import kinds
from spaic_jax.nir.kinds import FIELDS, NEURONS, Shape
from spaic_jax.nir.reading import Raw, of_file, of_object
from spaic_jax.nir.shapes import Leaves, shapes_of

Edge = tuple[str, str]


@dataclasses.dataclass(frozen=True, eq=False)
class Node:
    """A node that is no graph.

    Attributes:
        path: the names of the graphs around it and its own, joined by `/`.
        kind: its type; `"Input"` and `"Output"` of a nested graph pass on what they get.
        fields: its numbers, those of neurons in the shape of the node.
        takes, gives: shapes of one sample.
    """

    path: str
    kind: str
    fields: Mapping[str, Any]
    takes: Shape
    gives: Shape

    @property
    def nested(self) -> bool:
        """Whether it lies in a nested graph."""
        return "/" in self.path

    @property
    def passes(self) -> bool:
        """Whether it is an end of a nested graph, which passes on what it gets."""
        return self.nested and self.kind in ("Input", "Output")


@dataclasses.dataclass(frozen=True, eq=False)
class Graph:
    """All nodes of a graph and of those in it, without the graphs themselves.

    Attributes:
        nodes: by path, in the order of paths.
        edges: `(source, target)` by paths, sorted.
        graphs: the paths of nested graphs.
        version: of NIR that wrote the file; `None` where it is not said.
        metadata: of the outermost graph.
        notes: by path, what was read otherwise than it is written, because nothing else fits.
    """

    nodes: Mapping[str, Node]
    edges: tuple[Edge, ...]
    graphs: tuple[str, ...] = ()
    version: str | None = None
    metadata: Mapping[str, Any] = dataclasses.field(default_factory=lambda: MappingProxyType({}))
    notes: Mapping[str, str] = dataclasses.field(default_factory=lambda: MappingProxyType({}))

    def of_kind(self, *wanted: str) -> list[Node]:
        """The nodes of some types that are not the ends of nested graphs."""
        return [node for node in self.nodes.values() if node.kind in wanted and not node.passes]

    def sources(self, path: str) -> list[str]:
        """The nodes whose edges lead to one."""
        return [source for source, target in self.edges if target == path]

    def targets(self, path: str) -> list[str]:
        """The nodes to which the edges of one lead."""
        return [target for source, target in self.edges if source == path]


def read_graph(source: Any) -> Graph:
    """The normal form of a file, or of an `nir.NIRGraph`.

    Shapes follow from the Inputs and from the nodes' own numbers; what nir infers is not looked at. What published files write so
    that only one reading fits, such as an Output with an axis of a batch, is read so, and stands in `Graph.notes`.

    Raises:
        ValueError: a file that is not whole; an unknown type; a field that is missing, unknown, or holds what it cannot; an edge
            to nowhere, or twice; shapes that do not fit; a node that gets nothing, or leads nowhere: one sentence that names
            it.
        TypeError: a source that is neither.
        OSError: when there is no such file.

    >>> import nir, numpy as np
    >>> graph = read_graph(nir.NIRGraph.from_list(nir.Linear(weight=np.ones((3, 2)))))
    >>> [(node.path, node.takes, node.gives) for node in graph.nodes.values()]
    [('input', (2,), (2,)), ('linear', (2,), (3,)), ('output', (3,), (3,))]
    """
    if isinstance(source, str | os.PathLike):
        try:
            raw, version = of_file(source)
            return _normal(raw, version)
        except ValueError as error:
            raise ValueError(f"{os.fspath(source)}: {error}") from None
    if type(source).__name__ != "NIRGraph":
        raise TypeError(f"a graph of NIR is the path of a file, or an nir.NIRGraph, not {type(source).__name__}.")
    return _normal(of_object(source), None)


def _normal(raw: Raw, version: str | None) -> Graph:
    if (kind := _kind(raw, "the file")) != "NIRGraph":
        raise ValueError(f"a graph is needed, but it holds a single {kind}.")
    leaves: dict[str, tuple[str, dict[str, Any]]] = {}
    edges: list[Edge] = []
    graphs: list[str] = []
    notes: dict[str, str] = {}
    _collect(raw, "", leaves, edges, graphs, notes)
    leaves = dict(sorted(leaves.items()))
    _check_ends(leaves, edges)
    metadata = raw.get("metadata")
    return Graph(
        MappingProxyType(_nodes(leaves, edges, notes)),
        tuple(sorted(edges)),
        tuple(sorted(graphs)),
        version,
        MappingProxyType(dict(metadata) if isinstance(metadata, dict) else {}),
        MappingProxyType(notes),
    )


def _kind(raw: Any, where: str) -> str:
    kind = raw.get("type") if isinstance(raw, dict) else None
    kind = kind.decode("utf8", "replace") if isinstance(kind, bytes) else kind
    if not isinstance(kind, str):
        raise ValueError(f"{where} does not say its type.")
    if kind not in FIELDS:
        raise ValueError(f"{where}: {unknown('type of node', kind, FIELDS)}")
    return kind


def _collect(
    raw: Raw, front: str, leaves: dict[str, Any], edges: list[Edge], graphs: list[str], notes: dict[str, str]
) -> None:
    """The nodes and edges of a graph and of those in it."""
    where = f"graph '{front[:-1]}'" if front else "the graph"
    for name in ("nodes", "edges"):
        if name not in raw:
            raise ValueError(f"{where} has no {name}.")
    if not isinstance(raw["nodes"], dict) or not raw["nodes"]:
        raise ValueError(f"{where} has no nodes.")
    for name, inner in raw["nodes"].items():
        if not isinstance(name, str) or not name or "/" in name:
            raise ValueError(f"{where} has a node named {name!r}: a name must be text, and not hold '/', which files cannot.")
        path = front + name
        kind = _kind(inner, f"node '{path}'")
        if kind == "NIRGraph":
            graphs.append(path)
            _collect(inner, f"{path}/", leaves, edges, graphs, notes)
            continue
        try:
            leaves[path] = kind, kinds.checked(kind, {key: x for key, x in inner.items() if key not in ("type", "metadata")})
        except ValueError as error:
            raise ValueError(f"node '{path}' ({kind}): {error}") from None
    pairs = list(_pairs(raw["edges"], where))
    if (meant := _misnamed(raw["nodes"], pairs)) is not None:
        wrong, right = meant
        pairs = [(right if source == wrong else source, right if target == wrong else target) for source, target in pairs]
        notes[front + right] = f"the node that edges name '{wrong}'"
    seen = set()
    for source, target in pairs:
        if (source, target) in seen:
            raise ValueError(f"{where} has the edge {source} -> {target} twice.")
        seen.add((source, target))
        edges.append((_end(raw, front, source, target, "Output"), _end(raw, front, target, source, "Input")))
    if len(set(edges)) < len(edges):
        twice = next(edge for edge in edges if edges.count(edge) > 1)
        raise ValueError(f"{where} has two edges that both lead from {twice[0]} to {twice[1]}.")


def _pairs(given: Any, where: str) -> Iterator[Edge]:
    try:
        listed = [tuple(edge) for edge in given]
    except TypeError:
        raise ValueError(f"{where} has edges that are no list of pairs.") from None
    for edge in listed:
        named = tuple(end.decode("utf8", "replace") if isinstance(end, bytes) else end for end in edge)
        if len(named) != 2 or not all(isinstance(end, str) for end in named):
            raise ValueError(f"{where} has the edge {edge!r}, but an edge is the names of two nodes.")
        yield named


def _misnamed(nodes: Mapping[str, Any], pairs: list[Edge]) -> Edge | None:
    """A name that edges have and no node has, and the only node that they can mean by it.

    Published nested graphs of the Braille task hold `lif1`, to which all edges of the nested graph lead as `lif`. Only a name that
    edges both lead to and from, for a node that no edge names and whose name begins alike, is read so.
    """
    lost, idle = {end for pair in pairs for end in pair} - set(nodes), set(nodes) - {end for pair in pairs for end in pair}
    if len(lost) != 1 or len(idle) != 1:
        return None
    wrong, right = lost.pop(), idle.pop()
    passed = wrong in {source for source, _ in pairs} and wrong in {target for _, target in pairs}
    return (wrong, right) if wrong and passed and right.startswith(wrong) else None


def _end(raw: Raw, front: str, name: str, other: str, side: str) -> str:
    """The path of the node that an end of an edge means; of a nested graph that is one of its Inputs or Outputs."""
    nodes = raw["nodes"]
    if name not in nodes:
        for inner in (inner for inner, node in nodes.items() if _kind(node, f"node '{front}{inner}'") == "NIRGraph"):
            chosen = name[len(inner) + 1 :]
            if name.startswith((f"{inner}/", f"{inner}.")) and chosen in _ends(nodes[inner], side):
                return f"{front}{inner}/{chosen}"
        edge = f"{other} -> {name}" if side == "Input" else f"{name} -> {other}"
        raise ValueError(f"the edge {edge} leads {'to' if side == 'Input' else 'from'} nowhere: {unknown('node', name, nodes)}")
    kind = _kind(nodes[name], f"node '{front}{name}'")
    if kind != "NIRGraph":
        return front + name
    ends = _ends(nodes[name], side)
    if not ends:
        raise ValueError(f"graph '{front}{name}' has no {side}, but an edge leads {'to' if side == 'Input' else 'from'} it.")
    fitting = list(ends)
    if len(fitting) > 1:
        fitting = [end for end in ends if end == other]
    if len(fitting) != 1 and other in nodes:
        shape = _own_shape(nodes[other], "Input" if side == "Output" else "Output")
        fitting = [end for end, raw_end in ends.items() if shape is not None and _own_shape(raw_end, side) == shape]
    if len(fitting) != 1:
        raise ValueError(
            f"graph '{front}{name}' has the {side}s {', '.join(ends)}, and neither a name nor a shape says which of them {other} is"
            f" joined with: name it in the edge, such as '{name}/{next(iter(ends))}'."
        )
    return f"{front}{name}/{fitting[0]}"


def _ends(raw: Raw, side: str) -> dict[str, Raw]:
    nodes = raw.get("nodes")
    return {name: node for name, node in nodes.items() if _kind(node, f"node '{name}'") == side} if isinstance(nodes, dict) else {}


def _own_shape(raw: Raw, side: str) -> Shape | None:
    """The shape that a node gives (`"Output"`) or takes, where its own numbers say it."""
    kind = _kind(raw, "a node")
    if kind == "NIRGraph":
        ends = _ends(raw, side)
        return _own_shape(next(iter(ends.values())), side) if len(ends) == 1 else None
    try:
        fields = kinds.checked(kind, {key: x for key, x in raw.items() if key not in ("type", "metadata")})
        taken = kinds.takes(kind, fields)
        return taken if side == "Input" or taken is None else kinds.gives(kind, fields, taken)
    except ValueError:
        return None


def _check_ends(leaves: Mapping[str, Any], edges: list[Edge]) -> None:
    """ValueError unless every node gets something and leads somewhere, and there is an Input."""
    outer = {path: kind for path, (kind, _) in leaves.items()}
    if not any(kind == "Input" and "/" not in path for path, kind in outer.items()):
        raise ValueError("the graph has no Input.")
    gets, leads = {target for _, target in edges}, {source for source, _ in edges}
    for path, kind in outer.items():
        first, last = kind == "Input" and "/" not in path, kind == "Output" and "/" not in path
        if first and path in gets:
            raise ValueError(f"node '{path}' (Input) gets something from '{next(s for s, t in edges if t == path)}', but it is where data enters.")
        if last and path in leads:
            raise ValueError(f"node '{path}' (Output) leads to '{next(t for s, t in edges if s == path)}', but it is where data leaves.")
        if not first and path not in gets:
            raise ValueError(f"node '{path}' ({kind}) gets nothing: no edge leads to it.")
        if not last and path not in leads and kind not in NEURONS:
            raise ValueError(f"node '{path}' ({kind}) leads nowhere: no edge leads from it.")


def _nodes(leaves: Leaves, edges: list[Edge], notes: dict[str, str]) -> dict[str, Node]:
    """Nodes with their shapes, those of neurons with a number for each."""
    takes, gives = shapes_of(leaves, edges, notes)
    nodes = {}
    for path, (kind, fields) in leaves.items():
        if kind in kinds.ELEMENTWISE:
            fields = {name: np.broadcast_to(x.reshape(()) if x.size == 1 else x, takes[path]) for name, x in fields.items()}
        nodes[path] = Node(path, kind, MappingProxyType(fields), takes[path], gives[path])
    return nodes
