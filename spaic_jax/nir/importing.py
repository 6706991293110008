"""From a graph of NIR to a network."""

import dataclasses
import os
from collections.abc import Collection
from typing import Any, NamedTuple

import numpy as np

from spaic_jax.lowering import lower
from spaic_jax.network import Assembly, Connection, Decoder, Element, Encoder, Network, NeuronGroup
from spaic_jax.network.assembly import free_name
from spaic_jax.network.element import undeclared
from spaic_jax.nir.chains import Chain, Place, chains_of
from spaic_jax.nir.check import Pair
from spaic_jax.nir.choices import Choices, Edge, Integrator, Order, Reset, Signal, Unit
from spaic_jax.nir.execute import first_signals
from spaic_jax.nir.graph import Graph, read_graph
from spaic_jax.nir.groups import model_of, rounded_fields
from spaic_jax.nir.kinds import NEURONS
from spaic_jax.nir.links import linked, output_of
from spaic_jax.nir.loops import in_loops, late_edges
from spaic_jax.nir.metadata import differing
from spaic_jax.nir.names import escaped
from spaic_jax.nir.report import EXACT, RefusedError, Report, Row, refused, rounded, rounding
from spaic_jax.nir.scaling import Scaling, UnsayableError
from spaic_jax.nir.units import check_unit
from spaic_jax.program import Given


class Imported(NamedTuple):
    """What an import gives.

    Attributes:
        network: which declares its arrays itself, so that `Simulator.init` begins with them.
        weights: the weights and biases by full name, as `Variables.with_params` takes them.
        report: what became of each node, and the proof: see `Report.check`.
    """

    network: Network
    weights: dict[str, np.ndarray]
    report: Report


def from_nir(
    source: str | os.PathLike[str] | Any,
    dt: float,
    *,
    signal: Signal = "held",
    unit: Unit = "s",
    integrator: Integrator = "euler",
    order: Order = "voltage_first",
    reset: Reset = "hard",
    late: Collection[Edge] | None = None,
) -> Imported:
    """The network of a graph in the neuromorphic intermediate representation (NIR), which is the graph exactly, or is refused.

    A node with a potential or a threshold is a `NeuronGroup`, a chain of linear nodes between two of them one `Connection`, named as
    its node with weights; where sums, branches or several weights ask for it, a group that passes values on stands between
    (`"<node>:in"`, `"<node>:out"`). An Input is an `Encoder` that takes `[T, B, *shape]`, an Output a `Decoder` that gives it:
    spikes of what spikes, else potentials or values. Nested graphs are assemblies. Names stay, but for signs that names of
    members do not hold: see `spaic_jax.nir.names`.

    What NIR leaves open are arguments; the defaults are those of the reference of NIR's authors. How it begins is none: potentials at
    `v_leak`, in I and IF at 0, currents and Delays at 0; other first values go into `Variables.state`. All of that stands in the
    report.

    Args:
        source: path of a file, or an `nir.NIRGraph`.
        dt: length of a step, ms.
        signal: what a spike is: `"held"`, the value 1 for the step, or an `"impulse"` of area 1 in the file's unit of time, with
            which potentials do not depend on dt but for the grid. Inputs give spikes; a current needs `"held"`.
        unit: of the times in the file, `"s"` or `"ms"`.
        integrator: `"euler"`, or `"exact"` with currents held for the step and impulses at its end.
        order: whether CubaLIF and CubaLI move the potential by the current of the step before (`"voltage_first"`) or by this step's.
        reset: `"hard"`, to `v_reset`, or `"soft"`, by `v_threshold - v_reset`.
        late: the edges `(source, target)` that carry what was given a step before; by default those that lead back to where a
            loop is entered, taken where the loop leaves a state: see `spaic_jax.nir.loops.late_edges`. Names of nested graphs
            come first, as in `"cortex/lif"`.

    Raises:
        RefusedError: a node that cannot be said exactly; a ValueError with the whole report.
        ValueError: a file or graph that is damaged, naming what is: see `spaic_jax.nir.graph.read_graph`; a loop without a state,
            or without an edge that takes a step; time constants that betray another unit, unless the graph's metadata say
            `{"unit": ...}`; an unknown choice.
        TypeError: a source that is neither a path nor a graph.
        OSError: when there is no such file.

    Source: Pedersen et al., Neuromorphic intermediate representation, Nature Communications (2024).

    Example:
        >>> import jax, nir, numpy as np, spaic_jax as sj
        >>> ones = np.ones(2)
        >>> lif = nir.LIF(tau=ones * 0.02, r=ones, v_leak=ones * 0, v_threshold=ones)
        >>> graph = nir.NIRGraph.from_list(nir.Affine(weight=np.ones((2, 3)), bias=ones), lif)
        >>> network, weights, report = sj.from_nir(graph, dt=1.0)
        >>> print(network)
        Network
          input   Encoder [3] Spikes
          lif     NeuronGroup [2] ConstantCurrentLIF
          affine  Connection Full input -> lif
          output  Decoder EveryStep of lif
        >>> sim = sj.build(network, dt=1.0)
        >>> result = sim.run(sim.init(jax.random.key(0)), {"input": np.ones((50, 1, 3), np.float32)})
        >>> result.outputs["output"].shape, int(result.outputs["output"].sum())
        ((50, 1, 2), 16)
    """
    choices = Choices(dt, signal, unit, integrator, order, reset, None if late is None else frozenset(late))
    graph = read_graph(source)
    check_unit(graph, choices)
    return _Import(graph, choices).made()


class _Import:
    """An import while it goes on."""

    def __init__(self, graph: Graph, choices: Choices):
        self.graph, self.choices = graph, choices
        self.rows: dict[str, Row] = {path: Row(path, "NIRGraph", escaped(path), EXACT) for path in graph.graphs}
        self.members: dict[str, Element] = {}
        self.places: dict[Place, Encoder | NeuronGroup] = {}
        self.scaling = Scaling(graph, choices)
        self.breaking = self._breaking()
        self.late = late_edges(graph, self.breaking, choices.late)
        self.looping = in_loops(graph)
        first = first_signals(graph, through=True)
        self.begins = {path: bool(signal.value.any()) for path, signal in first.items()}

    def made(self) -> Imported:
        """The network, its weights and the report."""
        with undeclared():
            for node in self.graph.of_kind("Input"):
                self._add(node.path, "Input", Encoder(shape=node.gives, coding_method="null"), Place(node.path))
            for node in self.graph.of_kind(*NEURONS):
                self._group(node.path)
            for path, node in self.graph.nodes.items():
                self._try(path, lambda node=node: self.scaling.check(node))
            if not any(row.refused for row in self.rows.values()):
                for chain in chains_of(self.graph, self.late, self.looping, self.begins):
                    self._connect(chain)
            rows = tuple(self._noted(row) for _, row in sorted(self.rows.items()))
            unlike = differing(self.graph, self.choices)
            report = Report(rows, self.choices.shown(self.late) | ({"but it was written for": unlike} if unlike else {}))
            if report.refused:
                raise RefusedError(report)
            network = self._network()
        program = lower(network, self.choices.dt)
        weights = {v.name: np.asarray(v.init.value, np.float32) for v in program.of_role("parameter") if isinstance(v.init, Given)}
        return Imported(network, weights, Report(rows, report.choices, Pair(self.graph, self.choices, network)))

    def _noted(self, row: Row) -> Row:
        """A row that also says what was read otherwise than it is written."""
        note = self.graph.notes.get(row.node)
        return row if note is None else dataclasses.replace(row, verdict=f"{row.verdict}, {note}")

    def _breaking(self) -> frozenset[str]:
        """The Delays of at least a step."""
        found = set()
        for node in self.graph.of_kind("Delay"):
            def look(node: Any = node) -> None:
                if self.choices.steps(node.fields["delay"]).min() >= 1:
                    found.add(node.path)

            self._try(node.path, look)
        return frozenset(found)

    def _try(self, path: str, do: Any) -> None:
        """Do something for a node, whose row says why if it cannot be done."""
        try:
            do()
        except ValueError as error:
            self.rows[path] = Row(path, self.graph.nodes[path].kind, "", refused(str(error)))

    def _add(self, path: str, kind: str, member: Element, place: Place | None = None, verdict: str = EXACT) -> None:
        name = escaped(path)
        self.members[name] = member
        self.rows.setdefault(path, Row(path, kind, name, verdict))
        if place is not None:
            assert isinstance(member, Encoder | NeuronGroup)
            self.places[place] = member

    def _group(self, path: str) -> None:
        node = self.graph.nodes[path]

        def make() -> None:
            model = model_of(node, self.choices, path in self.scaling.impulses)
            error = rounding(*rounded_fields(model))
            group = NeuronGroup(shape=node.takes, model=model)
            self._add(path, node.kind, group, Place(path), rounded(error) if error else EXACT)

        self._try(path, make)

    def _place(self, place: Place) -> Encoder | NeuronGroup:
        """What holds the value of a place; a group that passes it on where there is none yet."""
        if place not in self.places:
            node = self.graph.nodes[place.node]
            relay = NeuronGroup(shape=node.gives if place.side == "out" else node.takes, model="null")
            self.places[place] = self.members[f"{escaped(place.node)}:{place.side}"] = relay
        return self.places[place]

    def _connect(self, chain: Chain) -> None:
        """The connection of a chain, and the decoder that it leads to."""
        pre, post = self._place(chain.start), self._place(chain.end)
        assert isinstance(post, NeuronGroup)
        named = chain.nodes[0].path if chain.nodes else None
        if chain.start != chain.end or chain.output is None:
            broken = bool(chain.nodes) and chain.nodes[0].path in self.breaking & self.looping and not chain.late
            try:
                self._check_begin(chain)
                made = linked(chain, pre, post, self.choices, self.scaling, broken)
            except UnsayableError as error:
                path = named or chain.start.node
                self.rows[path] = Row(path, self.graph.nodes[path].kind, "", refused(str(error)))
                return
            weighted = [node.path for node in chain.nodes if "weight" in node.fields or "scale" in node.fields]
            name = escaped([*weighted, named][0]) if named else self._edge_name(chain)
            self.members[name] = made.connection
            for node in chain.nodes:
                self.rows[node.path] = Row(node.path, node.kind, name, made.verdicts[node.path])
        else:
            name = escaped(chain.start.node)
        for path in chain.passed:
            self.rows.setdefault(path, Row(path, self.graph.nodes[path].kind, name, EXACT))
        if chain.output is not None and escaped(chain.output) not in self.members:
            decoder = Decoder(dec_target=post, coding_method="null", coding_var_name=output_of(post))
            self._add(chain.output, "Output", decoder)

    def _check_begin(self, chain: Chain) -> None:
        """UnsayableError for a chain of several late edges that would have to give the first value of a potential twice."""
        if chain.late > 1 and not chain.start.side and self.begins[chain.start.node]:
            raise UnsayableError(f"{chain.late} edges in a row behind it take a step, but its potential does not begin at 0: let one take it.")

    def _edge_name(self, chain: Chain) -> str:
        """A name for what joins two places without a node of its own, in the assembly that they are both in."""
        ends = [escaped(place.node).split("/") for place in (chain.start, chain.end)]
        shared = 0
        while all(len(end) > shared + 1 for end in ends) and ends[0][shared] == ends[1][shared]:
            shared += 1
        sides = [f":{place.side}" if place.side else "" for place in (chain.start, chain.end)]
        name = "->".join(":".join(end[shared:]) + side for end, side in zip(ends, sides, strict=True))
        # Names of nodes are taken too, whether they have a member yet or not.
        return free_name("/".join([*ends[0][:shared], name]), self.members | dict.fromkeys(map(escaped, self.graph.nodes)))

    def _network(self) -> Network:
        network = Network()
        assemblies: dict[str, Assembly] = {"": network}
        for path in (escaped(path) for path in self.graph.graphs):
            around, _, name = path.rpartition("/")
            assemblies[path] = Assembly()
            assemblies[around].add(name, assemblies[path])
        turns = (Encoder, NeuronGroup, Connection, Decoder)
        for path, member in sorted(self.members.items(), key=lambda item: (turns.index(type(item[1])), item[0])):
            around, _, name = path.rpartition("/")
            assemblies[around].add(name, member)
        return network
