"""The chain of nodes that a connection becomes, while it is written."""

import dataclasses
import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from spaic_jax.network import Connection
from spaic_jax.network.slice import Slice
from spaic_jax.nir.cells import Cell
from spaic_jax.nir.draft import Draft, Edge, nir
from spaic_jax.nir.report import EXACT, FOLDED
from spaic_jax.nir.synapses import Synapses

Shape = tuple[int, ...]


class Node(NamedTuple):
    """A node of a chain that is not yet part of a graph."""

    kind: str
    label: str
    arrays: dict[str, Any]
    takes: Shape
    gives: Shape
    verdict: str
    after: tuple[int, ...]


@dataclasses.dataclass
class Wire:
    """A connection that is being written.

    Attributes:
        synapses: its numbers.
        shape: of what it takes, of the nodes before it.
        late: by how many steps it is late on top of its delay.
        cell: the group that it acts on.
        constant: what that group adds to its input, to be added by this connection; `None` for nothing.
        nodes: of its chain, each with the places of those before it.
        tips: the places of those where the chain ends now.
    """

    synapses: Synapses
    shape: Shape
    late: int
    cell: Cell
    constant: np.ndarray | None = None
    nodes: list[Node] = dataclasses.field(default_factory=list)
    tips: tuple[int, ...] = ()

    @property
    def connection(self) -> Connection:
        """What was declared."""
        return self.synapses.connection

    @property
    def sliced(self) -> bool:
        """Whether an end of it is a part of a group."""
        return any(isinstance(end, Slice) for end in (self.connection.pre, self.connection.post))

    def add(self, kind: str, label: str, gives: Shape | None = None, verdict: str = EXACT, **arrays: Any) -> None:
        """The next node of the chain."""
        self.nodes.append(Node(kind, label, arrays, self.shape, self.shape if gives is None else gives, verdict, self.tips))
        self.shape, self.tips = self.nodes[-1].gives, (len(self.nodes) - 1,)

    def flat(self) -> None:
        """What comes now as one row."""
        if len(self.shape) > 1:
            gives = (math.prod(self.shape),)
            self.add("Flatten", "flatten", gives, input_type={"input": np.array(self.shape)}, start_dim=0, end_dim=-1)

    def linear(self, weight: np.ndarray, bias: np.ndarray | None, verdict: str = EXACT, label: str = "") -> None:
        """A matrix, and what it adds."""
        self.flat()
        kind, arrays = ("Linear", {}) if bias is None else ("Affine", {"bias": bias})
        self.add(kind, label, (len(weight),), verdict, weight=weight, **arrays)

    def embedded(self, numbers: np.ndarray, *ends: Any) -> np.ndarray:
        """An array over parts of groups as one over the whole groups, 0 elsewhere."""
        for axis, end in enumerate(ends):
            if isinstance(end, Slice):
                size = math.prod(end.of.shape)
                places = np.arange(size).reshape(end.of.shape)[end.start : end.stop : end.step].ravel()
                whole = np.zeros((*numbers.shape[:axis], size, *numbers.shape[axis + 1 :]), numbers.dtype)
                whole[(slice(None),) * axis + (places,)] = numbers
                numbers = whole
        return numbers

    def fold(self, gain: np.ndarray, shift: np.ndarray) -> bool:
        """A factor and a constant for each map or neuron into the weights just written; whether that could be done."""
        place = self.tips[0] if self.tips else None
        if place is None or self.nodes[place].kind not in ("Linear", "Affine", "Conv2d"):
            return False
        last = self.nodes[place]
        weight = last.arrays["weight"] * gain.reshape(-1, *(1,) * (last.arrays["weight"].ndim - 1))
        bias = np.asarray(last.arrays.get("bias", 0.0)) * gain + shift
        kind = "Affine" if last.kind == "Linear" else last.kind
        self.nodes[place] = last._replace(kind=kind, arrays=last.arrays | {"weight": weight, "bias": bias}, verdict=FOLDED)
        return True

    def place(self, draft: Draft, path: str, sources: Iterable[str]) -> tuple[list[Edge], list[str]]:
        """The nodes as a part of a graph, behind some others: the edges that lead into the chain, and where it ends."""
        sources, edges, made = list(sources), list[Edge](), list[str]()
        for node in self.nodes:
            label = f".{node.label}" if node.label and len(self.nodes) > 1 else ""
            built = getattr(nir(), node.kind)(**node.arrays)
            new = draft.add(path + label, built, self.synapses.name, node.takes, node.gives, node.verdict)
            joined = draft.join([made[i] for i in node.after] or sources, [new], self.synapses.name)
            edges += [edge for edge in joined if edge[0] in sources]
            made.append(new)
        return edges, [made[i] for i in self.tips] or sources
