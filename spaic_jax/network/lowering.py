"""From a network to its program: the rows of one step, in an order in which they can be carried out."""

import dataclasses
from collections.abc import Iterable
from typing import Literal, get_args

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax._errors import unknown
from spaic_jax._graph import components
from spaic_jax.network.connection import Connection
from spaic_jax.network.decoder import Decoder
from spaic_jax.network.encoder import Encoder
from spaic_jax.network.generator import Generator
from spaic_jax.network.group import NeuronGroup
from spaic_jax.network.module import Module
from spaic_jax.network.network import Network
from spaic_jax.network.probe import REDUCTIONS, SpikeMonitor, StateMonitor, as_events
from spaic_jax.network.projection import expand
from spaic_jax.neurons import ModelFunction
from spaic_jax.program import Mean, Op, Program, Record, Variable
from spaic_jax.program.initial import as_initial
from spaic_jax.program.op import UPDATED
from spaic_jax.program.program import whole_steps
from spaic_jax.synapses import Ends
from spaic_jax.synapses.base import sharing
from spaic_jax.synapses.delay import delayed

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
        ops += encoder.coding.lower(name, f"{name}.O")
    connections, modules = network.of_kind(Connection), network.of_kind(Module)
    for ring in _rings(network):
        for connection_name, connection in connections.items():
            if connection.post not in ring:
                continue
            late = propagation == "one_step" or connection.pre in ring
            source = f"{network.name_of(connection.pre)}.{connection.pre_var_name}" + ("" if late else UPDATED)
            if connection.delay is not None:
                steps = whole_steps(connection.delay, dt, f"the delay of connection '{connection_name}'")
                source, past, row = delayed(connection_name, source, connection.pre.shape, steps)
                variables.append(past)
                ops.append(row)
            post = network.name_of(connection.post)
            ends = Ends(
                connection_name, source, f"{post}.{connection.post_var_name}", connection.pre.shape, connection.post.shape,
                connection.is_parameter, getattr(connection.pre, "neuron_position", None), connection.post.neuron_position,
            )
            link_variables, link_ops = connection.link.build(ends)
            if connection.shared is not None:
                link_variables, link_ops, needed[connection_name] = sharing(
                    link_variables, link_ops, connection_name, network.name_of(connection.shared)
                )
            variables += link_variables
            ops += link_ops
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
    return Program(tuple(variables), tuple(ops), tuple(_records(network, variables, ops)), dt)


def lower_group(name: str, group: NeuronGroup, dt: float, received: Iterable[str]) -> tuple[list[Variable], list[Op]]:
    """The variables of a group, the row of its coefficients, and the row of its step.

    Args:
        name: full name of the group, prefix of its variables.
        group: what was declared.
        dt: length of a step, ms.
        received: the inputs that something writes, such as `"Isyn"`; the others are zero.
    """
    model, parameters = group.model, group.model.parameters()
    inputs = set(received)
    variables = []
    for key, value in parameters.items():
        trained = key in group.parameter_variables
        variables.append(
            Variable(
                f"{name}.{key}", np.shape(value), role="parameter" if trained else "constant", init=as_initial(value),
                bounds=group.varible_ranges.get(key, model.bounds(key) if trained else (None, None)),
            )
        )
    states = (*model.initial, *(["O"] if model.output == "O" and "O" not in model.initial else []))
    variables += [
        Variable(
            f"{name}.{s}", group.shape, model.dtypes.get(s, "float32"), init=as_initial(model.first(s)), stay=s in model.stay
        )
        for s in states
    ]

    structs = {key: jax.ShapeDtypeStruct(np.shape(value), jnp.float32) for key, value in parameters.items()}
    probe = ModelFunction.of(model, "coefficients", tuple(structs), (), dt)
    derived = tuple(sorted(jax.eval_shape(lambda s: probe.values(*s.values()), structs)))
    ops = []
    if derived:
        function = dataclasses.replace(probe, results=derived)
        ops.append(Op(_full(name, derived), function, _full(name, structs), name=f"{name}.coefficients"))
    taken = tuple(s for s in model.receives if s in inputs)
    arguments = (*model.initial, *taken, *(key for key in parameters if key not in derived), *derived)
    step = ModelFunction.of(model, "step", arguments, states, dt)
    ops.append(Op(_full(name, states), step, _full(name, arguments), name=name, random=model.random))
    return variables, ops


def _full(prefix: str, names: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"{prefix}.{name}" for name in names)


def _rings(network: Network) -> list[list[NeuronGroup]]:
    """The groups in an order of flow, those that lie in one loop together."""
    groups = list(network.of_kind(NeuronGroup).values())
    number = {id(group): i for i, group in enumerate(groups)}
    followers: dict[int, list[int]] = {i: [] for i in range(len(groups))}
    for pre, post in _edges(network):
        if isinstance(pre, NeuronGroup):
            followers[number[id(pre)]].append(number[id(post)])
    return [[groups[i] for i in ring] for ring in components(followers)]


def _edges(network: Network) -> list[tuple[Encoder | NeuronGroup, NeuronGroup]]:
    """What a member gives to a group, by a connection or a module.

    Raises:
        ValueError: when one of the two is not in the network.
    """
    edges = [(connection.pre, connection.post) for connection in network.of_kind(Connection).values()]
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


def _records(network: Network, variables: list[Variable], ops: list[Op]) -> Iterable[Record]:
    """What decoders and monitors keep."""
    known = {v.name for v in variables} | {name for op in ops for name in op.outputs}

    def full_name(owner: str, target: str, variable: str) -> str:
        if f"{target}.{variable}" not in known:
            choices = [name.removeprefix(f"{target}.") for name in known if name.startswith(f"{target}.")]
            raise ValueError(f"'{owner}' looks at '{target}': {unknown('variable', variable, choices)}")
        return f"{target}.{variable}"

    for name, decoder in network.of_kind(Decoder).items():
        variable = full_name(name, network.name_of(decoder.dec_target), decoder.coding_var_name)
        yield Record(name, variable, "output", reduce=decoder.decoding.reduce, finish=decoder.decoding)
    for name, monitor in network.of_kind(StateMonitor).items():
        variable = full_name(name, network.name_of(monitor.target), monitor.var_name)
        reduction = REDUCTIONS[monitor.reduce] if monitor.reduce else None
        transform = as_events if isinstance(monitor, SpikeMonitor) else None
        yield Record(name, variable, "probe", reduction, monitor.every, transform)
    for name, group in network.of_kind(NeuronGroup).items():
        if group.model.spiking:
            yield Record(f"{name}.O", f"{name}.O", "health", Mean(), transform=jnp.mean)
