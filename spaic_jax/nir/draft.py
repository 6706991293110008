"""A graph of NIR that is being written: nodes by path, edges, and what became of each part."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from spaic_jax._extras import import_extra
from spaic_jax.network.assembly import free_name
from spaic_jax.nir.report import EXACT, Row, refused

Edge = tuple[str, str]


def nir() -> Any:
    """The package nir."""
    return import_extra("nir", "NIR")


class Refusal(Exception):  # noqa: N818
    """What a part cannot be written as: a sentence with the remedy."""


class Draft:
    """The nodes, edges and rows of a graph.

    Attributes:
        nodes: by path; assemblies and names are joined by `/`.
        edges: pairs of paths, in the order in which they came.
        loops: edges around each loop of a composition, of which one takes a step.
        rows: what became of each node.
    """

    def __init__(self) -> None:
        self.nodes: dict[str, Any] = {}
        self.edges: dict[Edge, None] = {}
        self.loops: list[tuple[Edge, ...]] = []
        self.rows: list[Row] = []

    def add(self, path: str, node: Any, part: str, takes: Sequence[int], gives: Sequence[int], verdict: str = EXACT) -> str:
        """A node, by a path that is free; its types are said, for nir infers those of some nodes wrongly."""
        path = free_name(path, self.nodes)
        node.input_type, node.output_type = {"input": np.array(takes)}, {"output": np.array(gives)}
        self.nodes[path] = node
        self.rows.append(Row(path, type(node).__name__, part, verdict))
        return path

    def refuse(self, part: str, kind: str, reason: str) -> None:
        """What has no node."""
        self.rows.append(Row(part, kind, part, refused(reason)))

    def join(self, sources: Iterable[str], targets: Iterable[str], part: str) -> list[Edge]:
        """Edges from every source to every target; a second one of the same ends goes through a `Scale` of ones."""
        targets, made = tuple(targets), []
        for source in sources:
            for target in targets:
                if (source, target) in self.edges:
                    made.append((source, copy := self.copy(source, part)))
                    self.edges[copy, target] = None
                    made.append((copy, target))
                else:
                    self.edges[source, target] = None
                    made.append((source, target))
        return made

    def copy(self, source: str, part: str) -> str:
        """A node that gives what another one gives."""
        shape = tuple(int(n) for n in self.nodes[source].output_type["output"])
        path = self.add(f"{source}.copy", nir().Scale(scale=np.ones(shape)), part, shape, shape)
        self.edges[source, path] = None
        return path
