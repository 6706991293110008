"""From a network to its program: the rows of one step, in an order in which they can be carried out."""

import dataclasses
from collections.abc import Iterable
from typing import Any, Literal, get_args

import jax.numpy as jnp

from spaic_jax._errors import unknown
from spaic_jax._graph import components
from spaic_jax.network.connection import Connection
from spaic_jax.network.decoder import Decoder
from spaic_jax.network.encoder import Encoder
from spaic_jax.network.generator import Generator
from spaic_jax.network.group import NeuronGroup
from spaic_jax.network.module import Module
from spaic_jax.network.monitors import StateMonitor
from spaic_jax.network.network import Network
from spaic_jax.network.projection import expand
from spaic_jax.neurons.rows import model_rows
from spaic_jax.program import Mean, Op, Program, Record, Variable
from spaic_jax.program.op import UPDATED
from spaic_jax.synapses.base import sharing

Propagation = Literal["same_step", "one_step"]


def lower(network: Network, dt: float, propagation: Propagation = "same_step") -> Program:
    """The program of a network.

    Args:
        network: what was declared.
        dt: length of a step, ms.
        propagation: `"same_step"`: a connection carries this step's spikes, unless it lies in a loop, where it carries
            the previous step's; `"one_step"`: every connection carries the previous step's, as SPAIC builds by default.

    Raises:
        ValueError: an empty network, a group that nothing reaches, a monitor or decoder of an unknown variable, a
            member that is used but not in the network, an unknown propagation, a delay that is no whole
            number of steps.
    """
    if propagation not in get_args(Propagation):
        raise ValueError(unknown("propagation", propagation, get_args(Propagation)))
    network = expand(network)
    if not network.of_kind(NeuronGroup):
        raise ValueError("the network is empty: it needs at least one NeuronGroup.")
    _check_reached(network)
    _check_targets(network)
    variables: list[Variable] = []
    ops: list[Op] = []
    needed: dict[str, list[Variable]] = {}
    for name, encoder in network.of_kind(Encoder).items():
        if isinstance(encoder, Generator):
            source_variables, source_ops = encoder.coding.lower(name, encoder.shape)
            variables += source_variables
            ops += source_ops
            if encoder.dec_target is not None:
                read = f"{name}.O" + ("" if propagation == "one_step" else UPDATED)
                ops.append(Op(f"{network.name_of(encoder.dec_target)}.Isyn", "assign", (read,), name=f"{name}->target"))
            continue
        variables += [
            Variable(name, encoder.coding.input_shape(encoder.shape), role="input", axes=encoder.coding.axes),
            Variable(f"{name}.O", encoder.shape),
        ]
        ops += encoder.lower(name, dt)
    for name, monitor in network.of_kind(StateMonitor).items():
        model = monitor.target.model if monitor.get_grad else None
        if model and monitor.var_name in {*model.initial, *model.receives, model.output}:
            # What is added here is zero but for its derivative: see `probe_gradients`.
            nudge = Variable(f"{name}.nudge", monitor.target.shape, role="input", axes="either", optional=True)
            variables.append(nudge)
            ops.append(Op(f"{network.name_of(monitor.target)}.{monitor.var_name}", "assign", (nudge.name,), name=nudge.name))
    connections, modules = network.of_kind(Connection), network.of_kind(Module)

    def connect(name: str, connection: Connection, late: bool) -> None:
        pre, post = network.name_of(connection.pre), network.name_of(connection.post)
        link_variables, link_ops = connection.lower(name, pre, post, late, dt)
        if connection.shared is not None:
            link_variables, link_ops, needed[name] = sharing(
                link_variables, link_ops, name, network.name_of(connection.shared)
            )
        variables.extend(link_variables)
        ops.extend(link_ops)

    for connection_name, connection in connections.items():
        if connection.both_ways:
            connect(connection_name, connection, True)
    for ring in _rings(network):
        for connection_name, connection in connections.items():
            if connection.post not in ring or connection.both_ways:
                continue
            connect(connection_name, connection, propagation == "one_step" or connection.pre in ring)
        for module_name, module in modules.items():
            if module.output[0] not in ring:
                continue
            sources = []
            for pre, variable in module.inputs:
                late = propagation == "one_step" or pre in ring
                sources.append(f"{network.name_of(pre)}.{variable}" + ("" if late else UPDATED))
            target = f"{network.name_of(module.output[0])}.{module.output[1]}"
            module_variables, module_ops = module.lower(module_name, sources, target)
            variables += module_variables
            ops += module_ops
        for group in ring:
            name = network.name_of(group)
            written = (output.rpartition(".") for op in ops for output in op.outputs)
            received = {variable for owner, _, variable in written if owner == name}
            group_variables, group_ops = lower_group(name, group, dt, received)
            variables += group_variables
            ops += group_ops
    _check_shared(needed, {v.name: v for v in variables})
    return Program(tuple(variables), tuple(ops), tuple(_records(network, variables, ops, dt)), dt)


def lower_group(name: str, group: NeuronGroup, dt: float, received: Iterable[str]) -> tuple[list[Variable], list[Op]]:
    """The variables of a group, the row of its coefficients, and the row of its step.

    Args:
        name: full name of the group, prefix of its variables.
        group: what was declared.
        dt: length of a step, ms.
        received: the inputs that something writes, such as `"Isyn"`; the others are zero.
    """
    reads = {variable: f"{name}.{variable}" for variable in received}
    return model_rows(
        name, group.model, group.shape, dt, reads, trained=group.parameter_variables, ranges=group.varible_ranges
    )


def _rings(network: Network) -> list[list[NeuronGroup]]:
    """The groups in an order of flow, those that lie in one loop together."""
    groups = list(network.of_kind(NeuronGroup).values())
    number = {id(group): i for i, group in enumerate(groups)}
    followers: dict[int, list[int]] = {i: [] for i in range(len(groups))}
    # A gap junction reads the previous step: it makes no loop of the groups that it joins.
    for pre, post in _edges(network, gaps=False):
        if isinstance(pre, NeuronGroup):
            followers[number[id(pre)]].append(number[id(post)])
    return [[groups[i] for i in ring] for ring in components(followers)]


def _edges(network: Network, gaps: bool = True) -> list[tuple[Encoder | NeuronGroup, NeuronGroup]]:
    """What a member gives to a group, by a connection or a module; with or without gap junctions, which give both ways.

    Raises:
        ValueError: when one of the two is not in the network.
    """
    edges: list[tuple[Any, Any]] = []
    for connection in network.of_kind(Connection).values():
        if not connection.both_ways or gaps:
            edges.append((connection.pre, connection.post))
        if connection.both_ways and gaps:
            edges.append((connection.post, connection.pre))
    edges += [(g, g.dec_target) for g in network.of_kind(Generator).values() if g.dec_target is not None]
    edges += [(pre, module.output[0]) for module in network.of_kind(Module).values() for pre, _ in module.inputs]
    inside = {id(member) for member in network.of_kind(NeuronGroup, Encoder).values()}
    for end in (end for edge in edges for end in edge):
        if id(end) not in inside:
            network.name_of(end)
    return edges


def _check_reached(network: Network) -> None:
    """ValueError when no path leads from an encoder, or from a group that fires by itself, to a group."""
    edges = _edges(network)
    reached = {id(encoder) for encoder in network.of_kind(Encoder).values()}
    reached |= {id(group) for group in network.of_kind(NeuronGroup).values() if group.model.random}
    while new := {id(post) for pre, post in edges if id(pre) in reached} - reached:
        reached |= new
    for name, group in network.of_kind(NeuronGroup).items():
        if id(group) not in reached:
            raise ValueError(f"group '{name}' is reached by nothing: connect an encoder, or a group that one reaches, to it.")


def _check_targets(network: Network) -> None:
    """ValueError when a connection or a module writes what its group does not take."""
    writes = [(name, c.post, c.post_var_name) for name, c in network.of_kind(Connection).items()]
    writes += [(name, *module.output) for name, module in network.of_kind(Module).items()]
    for name, group, variable in writes:
        if variable not in group.model.receives:
            choices = unknown("variable", variable, group.model.receives)
            raise ValueError(f"'{name}' writes to '{network.name_of(group)}': {choices}")


def _check_shared(needed: dict[str, list[Variable]], there: dict[str, Variable]) -> None:
    """ValueError when a connection needs other variables than those of the connection it shares."""
    for name, variables in needed.items():
        for need in variables:
            has = there[need.name]
            if need.shape != has.shape:
                raise ValueError(f"connection '{name}' shares '{need.name}', which has shape {has.shape}, but needs {need.shape}.")
            if need.role == "constant" and need.init != has.init:
                raise ValueError(f"connection '{name}' shares '{need.name}', but its ends differ from those that this was made for.")


def _records(network: Network, variables: list[Variable], ops: list[Op], dt: float) -> Iterable[Record]:
    """What decoders and monitors keep."""
    by_name = {v.name: v for v in variables}
    known = {*by_name, *(name for op in ops for name in op.outputs)}

    def full_name(owner: str, target: str, variable: str) -> str:
        if f"{target}.{variable}" not in known:
            choices = [name.removeprefix(f"{target}.") for name in known if name.startswith(f"{target}.")]
            raise ValueError(f"'{owner}' looks at '{target}': {unknown('variable', variable, choices)}")
        return f"{target}.{variable}"

    for name, decoder in network.of_kind(Decoder).items():
        variable = full_name(name, network.name_of(decoder.dec_target), decoder.coding_var_name)
        decoding = decoder.decoding
        if getattr(decoding, "dt", dt) is None:
            decoding = dataclasses.replace(decoding, dt=dt)
        yield Record(name, variable, "output", reduce=decoding.reduce, finish=decoding)
    for name, monitor in network.of_kind(StateMonitor).items():
        variable = full_name(name, network.name_of(monitor.target), monitor.var_name)
        declared = by_name.get(variable)
        shape = monitor.target.shape if declared is None else declared.shape
        yield monitor.record(name, variable, shape, declared is None or bool(declared.batched), dt)
    for name, group in network.of_kind(NeuronGroup).items():
        if group.model.spiking:
            yield Record(f"{name}.O", f"{name}.O", "health", Mean(), transform=jnp.mean)
