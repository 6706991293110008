"""Where spikes are impulses: which currents that are held stand beside them, and as what area."""

import numpy as np

from spaic_jax.nir.choices import Choices
from spaic_jax.nir.graph import Graph, Node
from spaic_jax.nir.groups import held_as
from spaic_jax.nir.kinds import CONVOLUTIONS, NEURONS, POOLS, SPIKING, STATES

WEIGHTED = frozenset({"Affine", "Linear", "Scale", *CONVOLUTIONS})
Factor = float | np.ndarray


class UnsayableError(ValueError):
    """A mixture of impulses and currents that one number for each step cannot say."""


class Scaling:
    """What impulses and held currents meet in a graph, and the factors that bring the second to areas of the first.

    A step hands on one number: where impulses come, their area. A current beside them is held, and so is that of a bias; it becomes
    the area that has its effect at the neuron, by a factor in the weights on its way.

    Attributes:
        impulses, currents: the nodes that get impulses; those that get currents that are not zero.
    """

    def __init__(self, graph: Graph, choices: Choices):
        self.graph, self.choices = graph, choices
        self.impulses: frozenset[str] = frozenset()
        self.currents: frozenset[str] = frozenset()
        self._found: dict[str, Factor | None] = {}
        if choices.signal == "impulse":
            sent = [node.path for node in graph.nodes.values() if node.kind in SPIKING or (node.kind == "Input" and not node.passes)]
            self.impulses = self._reached(sent)
            biased = [node.path for node in graph.nodes.values() if np.any(node.fields.get("bias", 0.0))]
            self.currents = self._reached([*biased, *(node.path for node in graph.of_kind(*STATES - SPIKING))])

    def of_weight(self, node: Node) -> Factor:
        """What the weight of a node is multiplied by, one number or one for each row: not 1 if it is here that a current is scaled."""
        if node.path in self.impulses or node.path not in self.currents:
            return 1.0
        return self._by_row(node, self._leaving(node))

    def of_bias(self, node: Node) -> Factor:
        """What its bias is multiplied by.

        Raises:
            UnsayableError: a bias that reaches neurons which need it as different areas.
        """
        return self._by_row(node, self._leaving(node)) if np.any(node.fields.get("bias", 0.0)) else 1.0

    def of_edge(self, source: str, target: str) -> Factor:
        """What an edge multiplies what it carries by: not 1 between a potential and what gets impulses too.

        Raises:
            UnsayableError: a potential that reaches neurons which need it as different areas.
        """
        factor = self._entering(target) if self.impulses and self.graph.nodes[source].kind in STATES - SPIKING else None
        return 1.0 if factor is None else factor

    def check(self, node: Node) -> None:
        """UnsayableError for a node that cannot take what it gets."""
        both = node.path in self.impulses & self.currents
        if node.kind == "Threshold" and node.path in self.impulses:
            raise UnsayableError("it compares a value, but gets impulses, which have none: import with signal='held'.")
        if node.kind == "Output" and not node.passes and both:
            raise UnsayableError("it gets impulses and currents, whose sum has no value: import with signal='held'.")
        if node.kind in NEURONS and both and held_as(node, self.choices) is None:
            raise UnsayableError(
                "it gets impulses and held currents, such as biases, whose exact solution is not one number a step:"
                " import with integrator='euler' or signal='held'."
            )

    def _reached(self, sources: list[str]) -> frozenset[str]:
        """The nodes at which what some nodes give arrives, through what is linear."""
        found: set[str] = set()
        ahead = list(sources)
        while ahead:
            for target in self.graph.targets(ahead.pop()):
                if target not in found:
                    found.add(target)
                    if self.graph.nodes[target].kind not in NEURONS:
                        ahead.append(target)
        return frozenset(found)

    def _entering(self, path: str) -> Factor | None:
        """What a current that enters a node must be multiplied by; `None` where it only comes back to where the question began."""
        node = self.graph.nodes[path]
        if path not in self.impulses and node.kind in NEURONS | WEIGHTED:
            return 1.0
        if node.kind in NEURONS:
            area = held_as(node, self.choices)
            return 1.0 if area is None else _plain(area)
        if node.kind == "Output" and not node.passes:
            return 1.0
        leaving = self._leaving(node)
        if isinstance(leaving, np.ndarray):
            if node.kind in WEIGHTED - {"Scale"} | POOLS:
                raise UnsayableError(
                    f"neurons behind '{path}' need what is held beside impulses as different areas, for their time constants"
                    " differ: import with integrator='euler' or signal='held'."
                )
            return leaving.reshape(node.takes)
        return leaving

    def _leaving(self, node: Node) -> Factor | None:
        """What a current that leaves a node must be multiplied by; `None` as of `_entering`."""
        if node.path in self._found:
            return self._found[node.path]
        self._found[node.path] = None
        wanted = [factor for factor in map(self._entering, self.graph.targets(node.path)) if factor is not None]
        if not wanted:
            return self._found.pop(node.path)
        if not all(np.array_equal(wanted[0], other) for other in wanted):
            raise UnsayableError(
                f"what '{node.path}' gives is needed as different areas by what it leads to: import with signal='held', or with"
                " integrator='euler' where impulses reach all of that."
            )
        self._found[node.path] = wanted[0]
        return wanted[0]

    def _by_row(self, node: Node, factor: Factor | None) -> Factor:
        """One number, or one for each row of the weight."""
        if not isinstance(factor, np.ndarray):
            return 1.0 if factor is None else factor
        rows = factor.reshape(node.gives[0], -1) if node.kind in CONVOLUTIONS else factor.reshape(-1, 1)
        if (rows != rows[:, :1]).any():
            raise UnsayableError(
                f"neurons behind '{node.path}' need a map of it as different areas, for their time constants differ: import with"
                " integrator='euler' or signal='held'."
            )
        return rows[:, 0]


def _plain(factor: Factor) -> Factor:
    """One number where all are equal."""
    if isinstance(factor, np.ndarray) and (factor == factor.flat[0]).all():
        return float(factor.flat[0])
    return factor
