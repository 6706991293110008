"""From a network to a graph of NIR."""

import dataclasses
from collections import Counter
from collections.abc import Callable, Collection
from typing import Any, NamedTuple, get_args

import jax.numpy as jnp

from spaic_jax._errors import unknown
from spaic_jax.edit import expand
from spaic_jax.lowering import late_connections, propagation_of
from spaic_jax.network import Network, NeuronGroup
from spaic_jax.nir.cells import Form, Loss, Order, Reset, Task
from spaic_jax.nir.check import Pair
from spaic_jax.nir.choices import Choices
from spaic_jax.nir.currents import order_of
from spaic_jax.nir.draft import Draft, Edge
from spaic_jax.nir.drawing import Drawing
from spaic_jax.nir.graph import Graph, read_graph
from spaic_jax.nir.loops import late_edges
from spaic_jax.nir.metadata import metadata_of
from spaic_jax.nir.names import node_path
from spaic_jax.nir.nesting import nested, paths
from spaic_jax.nir.report import RefusedError, Report
from spaic_jax.run import Simulator, Variables
from spaic_jax.run.check import batch_size_of
from spaic_jax.synapses import SynapticDelay


class Exported(NamedTuple):
    """What `to_nir` gives.

    Attributes:
        graph: an `nir.NIRGraph`.
        report: what became of each part, and under which choices it means the same.
    """

    graph: Any
    report: Report


def to_nir(
    network: Network,
    sim: Simulator,
    variables: Variables,
    *,
    form: Form = "exact",
    reset: Reset = "refuse",
    allow: Collection[Loss] = (),
) -> Exported:
    """The graph of NIR that does what a network does, with its present parameters.

    NIR has equations but no steps. The graph is written so that steps of the simulator's dt, carried out as the report's
    choices say, are those of the network; times are in seconds and spikes are held for a step. What NIR cannot say is an error
    that names the part and what to do. What only several nodes say together, of which few tools read one, is refused unless
    `reset="exact"`.

    Args:
        network: what was declared.
        sim: its simulator.
        variables: what holds its parameters. Plastic weights are written as they are now, and half precision as float32; states
            are not: NIR's begin at rest.
        form: by which integrator the numbers are to be read. With `"exact"` a time constant is that of `exp(-dt / tau)`, with
            `"euler"` that of `1 - dt / tau`; either gives the same steps at this dt. Take `"exact"` where another dt may be used,
            and `"euler"` for tools that know only that, which are most.
        reset: of a neuron whose reset is not to `v_reset`: `"refuse"`; `"exact"`, which writes `LI`, `Threshold` and
            `Scale` in place of it, and so also `clif`, `alif` and other sums of traces, and delays of single
            synapses; or `"hard"`, which writes a neuron that is reset to `v_reset` instead.
        allow: what may be lost: `"coding"`, the Input then gives what the encoder gives; `"decoding"`, the Output then gives what
            its group gives in every step; `"plasticity"`, learning rules; `"refractory"`, refractory periods; `"start"`,
            first values. Where anything but a learning rule is lost, the report has no check.

    Returns:
        The graph and the report.

    Raises:
        RefusedError: something that cannot be said and may not be lost; its `report` has all of it.
        ValueError: an unknown choice, a simulator of another network, or variables of another shape.
        ImportError: when nir is not installed.

    Source: Pedersen et al., Neuromorphic intermediate representation (Nature Communications 2024).

    Example:
        >>> import jax, spaic_jax as sj
        >>> with sj.Network() as net:
        ...     image = sj.Encoder(num=3, coding_method="spikes")
        ...     layer = sj.NeuronGroup(2, model="lif", tau_m=20.0)
        ...     synapses = sj.Connection(image, layer, weight=[[1.0, 0.5, 0.0], [0.0, 0.5, 1.0]])
        ...     out = sj.Decoder(dec_target=layer, coding_method="null")
        >>> sim = sj.build(net, dt=1.0)
        >>> graph, report = sj.to_nir(net, sim, sim.init(jax.random.key(0)))
        >>> [(row.node, row.kind, row.verdict) for row in report.rows]
        [('image', 'Input', 'exact'), ('layer', 'LIF', 'exact'), ('out', 'Output', 'exact'), ('synapses', 'Linear', 'exact')]
        >>> graph.nodes["layer"].tau.tolist()
        [0.02, 0.02]
    """
    for name, value, kinds in (("form", form, Form), ("reset", reset, Reset)):
        if value not in get_args(kinds):
            raise ValueError(unknown(name, value, get_args(kinds)))
    allowed: Collection[Loss] = (allow,) if isinstance(allow, str) else tuple(allow)  # type: ignore[assignment]
    for loss in allowed:
        if loss not in get_args(Loss):
            raise ValueError(unknown("loss to allow", loss, get_args(Loss)))
    propagation = propagation_of(network, sim.program)
    if propagation is None:
        raise ValueError("to_nir: sim is the simulator of another network: build it of this one, with the dt that it has.")
    batch_size_of(sim.program, variables)
    if any(x.dtype.itemsize < 4 and jnp.issubdtype(x.dtype, jnp.floating) for x in variables.values.values()):
        variables = variables.astype("float32")
    built = expand(network)
    orders = {order_of(group.model) for group in built.of_kind(NeuronGroup).values()}
    order: Order = "input_first" if "input_first" in orders and form == "euler" else "voltage_first"
    task = Task(built, variables.values, sim.program.dt, form, reset, allowed, order)
    choices = Choices(task.dt, integrator=form, order=order)
    draft = _in_step(task, late_connections(built, propagation), choices)
    names = paths(draft)
    rows = sorted((dataclasses.replace(row, node=names.get(row.node, row.node)) for row in draft.rows), key=lambda row: row.node)
    if any(row.refused for row in rows):
        raise RefusedError(Report(tuple(rows), choices.shown(())))
    graph = nested(draft, names)
    read = read_graph(graph)
    graph.metadata = metadata_of(read, choices, network)
    lost = any("loses" in row.verdict for row in rows)
    members = {path: "" for path in read.nodes} | {row.node: row.part for row in rows if row.node == names.get(node_path(row.part))}
    pair = None if lost else Pair(read, choices, network, propagation, members, variables)
    return Exported(graph, Report(tuple(rows), choices.shown(_late_edges(read, choices)), pair))


def _in_step(task: Task, late: frozenset[str], choices: Choices) -> Draft:
    """The graph, in which what each connection takes comes as late as in the network: by edges that take a step, or a `Delay`."""
    # Branches with delays of their own do not all take the step of an edge.
    delayed = frozenset(name for name in late if isinstance(task.network[name].delay, SynapticDelay))
    while True:
        draft, taken = Drawing(task, delayed).draw()
        if any(row.refused for row in draft.rows):
            return draft
        found = _steps(draft, choices)
        if found is None:
            wanted = late
        else:
            bare = {name for name in late - delayed if not taken[name] or any(found[edge] != 1 for edge in taken[name])}
            said = {edge for name in late - delayed for edge in taken[name]}.union(*draft.loops)
            hasty = not said.issuperset(found)
            whole = all(sum(found[edge] for edge in loop) == 1 for loop in draft.loops)
            if whole and not bare and not hasty:
                return draft
            wanted = late if hasty or not whole else delayed | bare
        if wanted == delayed:
            draft.refuse("network", "NIRGraph", "its loops take steps that no edges of a graph take: let a neuron outside act on each loop.")
            return draft
        delayed = frozenset(wanted)


def _steps(draft: Draft, choices: Choices) -> Counter[Edge] | None:
    """How many steps each edge takes once assemblies are graphs, where nothing is said; `None` where something would have to be."""
    names = paths(draft)
    graph = read_graph(nested(draft, names))
    try:
        late = _late_edges(graph, choices)
    except ValueError:
        return None
    drafted = {name: path for path, name in names.items()}

    def ends(path: str, beyond: Callable[[str], list[str]]) -> list[str]:
        """What lies beyond the ends of nested graphs."""
        return [end for other in beyond(path) for end in ends(other, beyond)] if graph.nodes[path].passes else [drafted[path]]

    return Counter((a, b) for source, target in late for a in ends(source, graph.sources) for b in ends(target, graph.targets))


def _late_edges(graph: Graph, choices: Choices) -> frozenset[Edge]:
    """The edges that take a step where nothing is said."""
    delays = graph.of_kind("Delay")
    return late_edges(graph, [node.path for node in delays if choices.steps(node.fields["delay"]).min() >= 1])
