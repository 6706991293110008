"""From a network to its program: what every member adds, in an order in which it can be carried out."""

import dataclasses
import warnings
from collections.abc import Iterable, Sequence
from typing import Any, get_args

from spaic_jax._errors import unknown
from spaic_jax._graph import components
from spaic_jax.edit import expand
from spaic_jax.network import Connection, Decoder, Element, Monitor, Network, NeuronGroup, Reward
from spaic_jax.network.slice import member_of
from spaic_jax.network.source import Source
from spaic_jax.network.wiring import Propagation
from spaic_jax.program import Context, Fragment, Op, Program, Site
from spaic_jax.program.op import UPDATED, base_name
from spaic_jax.program.program import step_length


class UnreachedWarning(UserWarning):
    """A group was built on which nothing acts: no connection, generator or module; it does what its model does by itself."""


@dataclasses.dataclass(frozen=True)
class Edge:
    """What a member reads and the group that it acts on.

    Attributes:
        pre: the group or source that it reads.
        post: the group.
        member: the full name of the member.
        propagation: what it says itself; `"one_step"` of what always reads the previous step.
    """

    pre: Element
    post: NeuronGroup
    member: str
    propagation: Propagation | None


def lower(network: Network, dt: float, propagation: Propagation = "same_step", blocks: int = 1) -> Program:
    """The program of a network.

    Every member lowers to a `Fragment`; these add up, and their rows are sorted by what they read of this step.

    Args:
        network: what was declared.
        dt: length of a step, ms.
        propagation: `"same_step"`: a connection carries this step's spikes, unless it lies in a loop, where it carries
            the previous step's; `"one_step"`: every connection carries the previous step's, as SPAIC builds by default. What a
            connection says itself comes first, and one that says `"one_step"` makes no loop of what it joins.
        blocks: in how many blocks of neurons synapses are kept: see `spaic_jax.build`.

    Raises:
        ValueError: an empty network, a loop of connections that all say `"same_step"`, a monitor or decoder of an unknown variable,
            a member that is used but not in the network, an unknown propagation, a delay that is no whole
            number of steps.

    Warns:
        UnreachedWarning: a group on which nothing acts, and whose model draws no random numbers.
    """
    if propagation not in get_args(Propagation):
        raise ValueError(unknown("propagation", propagation, get_args(Propagation)))
    dt = step_length(dt)
    network = expand(network)
    if not network.of_kind(NeuronGroup):
        raise ValueError("the network is empty: it needs at least one NeuronGroup.")
    members = network.of_kind(Element)
    edges = _edges(network, members)
    _check_targets(network, members)
    _check_loops(network, edges)
    _note_unreached(network, edges)
    ring = _rings(network, edges)

    def read(element: Element, variable: str, into: NeuronGroup | None, own: Propagation | None) -> str:
        late = into is not None and (own or propagation) == "one_step"
        if into is not None and own is None:
            late |= ring.get(id(element), -1) == ring[id(into)]
        return f"{network.name_of(element)}.{variable}" + ("" if late else UPDATED)

    def received(group: NeuronGroup) -> frozenset[str]:
        return frozenset(v for member in members.values() for other, v in member.writes_to if other is group)

    context = Context(dt, members, network.name_of, read, received, member_of, blocks)
    for name, member in sorted(members.items(), key=lambda item: _turn(item[1])):
        fragment = member.lower(Site(name, owner=member), context)
        context.made += _without_shared(name, fragment, context)
    made = context.made + Fragment(ops=tuple(context.slices.values()))
    _check_records(made)
    ops = in_order(made.ops, {v.name for v in made.variables if v.role in ("state", "plastic")})
    return Program(made.variables, ops, made.records, dt, made.initial, made.begin, made.end)


def late_connections(network: Network, propagation: Propagation) -> frozenset[str]:
    """The names of the connections that carry the previous step's spikes, of a network that is expanded."""
    ring = _rings(network, _edges(network, network.of_kind(Element)))
    late = set()
    for name, connection in network.of_kind(Connection).items():
        pre, post, own = member_of(connection.pre), member_of(connection.post), connection.propagation
        inside = own is None and ring.get(id(pre), -1) == ring[id(post)]
        if connection.reads_late or inside or (own or propagation) == "one_step":
            late.add(name)
    return frozenset(late)


def propagation_of(network: Network, program: Program) -> Propagation | None:
    """The propagation by which a program is that of a network; `None` where it is another network's."""
    # Whether it learns, and the dtype that it computes in, are no matter.
    plain = program.in_mode(learning=False).astype("float32")
    return next((each for each in get_args(Propagation) if lower(network, plain.dt, each).astype("float32") == plain), None)


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


def _edges(network: Network, members: dict[str, Element]) -> list[Edge]:
    """What members read and act on.

    Raises:
        ValueError: when one of the two is not in the network.
    """
    edges = [
        Edge(pre, post, name, "one_step" if member.reads_late else getattr(member, "propagation", None))
        for name, member in members.items()
        for pre, _ in member.reads_from
        for post, _ in member.writes_to
    ]
    inside = {id(member) for member in network.of_kind(NeuronGroup, Source).values()}
    for end in (end for edge in edges for end in (edge.pre, edge.post)):
        if id(end) not in inside:
            network.name_of(end)
    return edges


def _rings(network: Network, edges: Iterable[Edge]) -> dict[int, int]:
    """The number of the loop that each group lies in, by the group's id; what carries the previous step anyway makes no loop."""
    groups = list(network.of_kind(NeuronGroup).values())
    number = {id(group): i for i, group in enumerate(groups)}
    followers: dict[int, list[int]] = {i: [] for i in range(len(groups))}
    for edge in edges:
        if isinstance(edge.pre, NeuronGroup) and edge.propagation != "one_step":
            followers[number[id(edge.pre)]].append(number[id(edge.post)])
    return {id(groups[i]): n for n, loop in enumerate(components(followers)) for i in loop}


def _check_loops(network: Network, edges: Iterable[Edge]) -> None:
    """ValueError when connections that all say `"same_step"` form a loop, which no step could carry out."""
    said = [edge for edge in edges if edge.propagation == "same_step"]
    ring = _rings(network, said)
    for edge in said:
        if ring.get(id(edge.pre), -1) == ring[id(edge.post)]:
            loop = [e.member for e in said if ring.get(id(e.pre), -1) == ring[id(e.post)] == ring[id(edge.post)]]
            alone = len(loop) == 1
            raise ValueError(
                f"connection{'' if alone else 's'} {' and '.join(repr(name) for name in loop)} form{'s' if alone else ''} a loop in"
                " which all say propagation='same_step': let one carry the spikes of the step before, propagation='one_step'."
            )


def _note_unreached(network: Network, edges: Iterable[Edge]) -> None:
    """A warning for each group on which nothing acts, and that draws no random numbers; others are those of a whole network."""
    reached = {id(edge.post) for edge in edges}
    for name, group in network.of_kind(NeuronGroup).items():
        if id(group) not in reached and not group.model.random:
            warnings.warn(
                f"nothing acts on group '{name}': it goes on by itself, as its model does without input.", UnreachedWarning, stacklevel=4
            )


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
