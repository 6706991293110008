"""From a network to its program: what every member adds, in an order in which it can be carried out."""

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any, Literal, get_args

from spaic_jax._errors import unknown
from spaic_jax._graph import components
from spaic_jax.edit import expand
from spaic_jax.network import Connection, Decoder, Element, Monitor, Network, NeuronGroup, Reward
from spaic_jax.network.source import Source
from spaic_jax.program import Context, Fragment, Op, Program, Site
from spaic_jax.program.op import UPDATED, base_name
from spaic_jax.program.program import step_length

Propagation = Literal["same_step", "one_step"]


def lower(network: Network, dt: float, propagation: Propagation = "same_step") -> Program:
    """The program of a network.

    Every member lowers to a `Fragment`; these add up, and their rows are sorted by what they read of this step.

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
    dt = step_length(dt)
    network = expand(network)
    if not network.of_kind(NeuronGroup):
        raise ValueError("the network is empty: it needs at least one NeuronGroup.")
    members = network.of_kind(Element)
    edges = _edges(network, members.values())
    _check_reached(network, edges)
    _check_targets(network, members)
    ring = _rings(network, edges)

    def read(element: Element, variable: str, into: NeuronGroup | None) -> str:
        late = into is not None and (propagation == "one_step" or ring.get(id(element), -1) == ring[id(into)])
        return f"{network.name_of(element)}.{variable}" + ("" if late else UPDATED)

    def received(group: NeuronGroup) -> frozenset[str]:
        return frozenset(v for member in members.values() for other, v in member.writes_to if other is group)

    context = Context(dt, members, network.name_of, read, received)
    for name, member in sorted(members.items(), key=lambda item: _turn(item[1])):
        fragment = member.lower(Site(name, owner=member), context)
        context.made += _without_shared(name, fragment, context)
    made = context.made
    _check_records(made)
    ops = in_order(made.ops, {v.name for v in made.variables if v.role in ("state", "plastic")})
    return Program(made.variables, ops, made.records, dt, made.initial, made.begin, made.end)


def _turn(member: Element) -> int:
    """Members take turns by kind, so that the order of declaration matters within a kind only.

    Who looks at others comes last, when all variables are there to be looked at.
    """
    # Rewards come before the connections, whose learning rules look at them.
    turns = {Source: 0, NeuronGroup: 1, Reward: 2, Connection: 3, Monitor: 5, Decoder: 6}
    return next((turn for kind, turn in turns.items() if isinstance(member, kind)), 4)


def in_order(ops: Sequence[Op], carried: set[str]) -> tuple[Op, ...]:
    """Rows sorted so that each comes after all that write what it reads of this step; otherwise they keep their order.

    Rows that need each other within one step stay as they are: the check of the program names them.
    """
    writers: dict[str, list[int]] = {}
    for i, op in enumerate(ops):
        for name in op.outputs:
            writers.setdefault(name, []).append(i)

    def needs(op: Op) -> Iterable[int]:
        for read in op.inputs:
            if read.endswith(UPDATED) or read not in carried:
                yield from writers.get(base_name(read), ())

    placed: dict[int, None] = {}
    for root in range(len(ops)):
        if root in placed:
            continue
        # Depth first without recursion, so that long chains do not exhaust the stack.
        work: list[tuple[int, Any]] = [(root, iter(sorted(set(needs(ops[root])))))]
        ahead = {root}
        while work:
            node, rest = work[-1]
            for before in rest:
                if before not in placed and before not in ahead:
                    ahead.add(before)
                    work.append((before, iter(sorted(set(needs(ops[before]))))))
                    break
            else:
                placed.setdefault(node)
                work.pop()
    return tuple(ops[i] for i in placed)


def _edges(network: Network, members: Iterable[Element]) -> list[tuple[Element, NeuronGroup, bool]]:
    """What a member reads and the group that it acts on, and whether it always reads the previous step.

    Raises:
        ValueError: when one of the two is not in the network.
    """
    edges = [
        (pre, post, member.reads_late) for member in members for pre, _ in member.reads_from for post, _ in member.writes_to
    ]
    inside = {id(member) for member in network.of_kind(NeuronGroup, Source).values()}
    for end in (end for edge in edges for end in edge[:2]):
        if id(end) not in inside:
            network.name_of(end)
    return edges


def _rings(network: Network, edges: Iterable[tuple[Element, NeuronGroup, bool]]) -> dict[int, int]:
    """The number of the loop that each group lies in, by the group's id."""
    groups = list(network.of_kind(NeuronGroup).values())
    number = {id(group): i for i, group in enumerate(groups)}
    followers: dict[int, list[int]] = {i: [] for i in range(len(groups))}
    for pre, post, late in edges:
        if isinstance(pre, NeuronGroup) and not late:
            followers[number[id(pre)]].append(number[id(post)])
    return {id(groups[i]): n for n, loop in enumerate(components(followers)) for i in loop}


def _check_reached(network: Network, edges: Iterable[tuple[Element, NeuronGroup, bool]]) -> None:
    """ValueError when no path leads from a source, or from a group that fires by itself, to a group."""
    reached = {id(source) for source in network.of_kind(Source).values()}
    reached |= {id(group) for group in network.of_kind(NeuronGroup).values() if group.model.random}
    while new := {id(post) for pre, post, _ in edges if id(pre) in reached} - reached:
        reached |= new
    for name, group in network.of_kind(NeuronGroup).items():
        if id(group) not in reached:
            raise ValueError(f"group '{name}' is reached by nothing: connect an encoder, or a group that one reaches, to it.")


def _check_targets(network: Network, members: dict[str, Element]) -> None:
    """ValueError when a member writes what its group does not take."""
    for name, member in members.items():
        for group, variable in member.writes_to:
            if not isinstance(member, Monitor) and variable not in group.receives:
                choices = unknown("variable", variable, group.receives)
                raise ValueError(f"'{name}' writes to '{network.name_of(group)}': {choices}")


def _without_shared(name: str, fragment: Fragment, context: Context) -> Fragment:
    """A member's fragment without the variables that another member, whose weights it shares, has declared too.

    Raises:
        ValueError: when the two need different ones.
    """
    own = []
    for v in fragment.variables:
        has = context.variable(v.name)
        if has is None:
            own.append(v)
        elif v.shape != has.shape:
            raise ValueError(f"connection '{name}' shares '{v.name}', which has shape {has.shape}, but needs {v.shape}.")
        elif v.role == "constant" and v.init != has.init:
            raise ValueError(f"connection '{name}' shares '{v.name}', but its ends differ from those that this was made for.")
    return dataclasses.replace(fragment, variables=tuple(own))


def _check_records(made: Fragment) -> None:
    """ValueError when a record looks at what is not there."""
    known = {*(v.name for v in made.variables), *(name for op in made.ops for name in op.outputs)}
    for record in made.records:
        if record.variable not in known:
            target, _, variable = record.variable.rpartition(".")
            choices = [name.removeprefix(f"{target}.") for name in known if name.startswith(f"{target}.")]
            raise ValueError(f"'{record.name}' looks at '{target}': {unknown('variable', variable, choices)}")
