"""A graph of NIR that is being written: nodes by path, edges, and what became of each part."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from spaic_jax._extras import import_extra
from spaic_jax.network.assembly import free_name
from spaic_jax.nir.report import EXACT, Row, refused


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
        late: edges by which what a node of a composition fires reaches itself, one step later.
        rows: what became of each node.
    """

    def __init__(self) -> None:
        self.nodes: dict[str, Any] = {}
        self.edges: dict[tuple[str, str], None] = {}
        self.late: set[tuple[str, str]] = set()
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

    def join(self, sources: Iterable[str], targets: Iterable[str], part: str) -> list[tuple[str, str]]:
        """Edges from every source to every target; a second one of the same ends goes through a `Scale` of ones."""
        targets, made = tuple(targets), []
        for source in sources:
            for target in targets:
                if (source, target) in self.edges:
                    source = self.copy(source, part)  # noqa: PLW2901
                self.edges[source, target] = None
                made.append((source, target))
        return made

    def copy(self, source: str, part: str) -> str:
        """A node that gives what another one gives."""
        shape = tuple(int(n) for n in self.nodes[source].output_type["output"])
        path = self.add(f"{source}.copy", nir().Scale(scale=np.ones(shape)), part, shape, shape)
        self.edges[source, path] = None
        return path
