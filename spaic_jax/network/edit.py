"""New networks from a network: none of these functions changes what it is given.

Members are given by path, such as `"cortex/hidden"`, or as themselves. Groups, connections and all else that stays as it
was is shared by the old and the new network; the assemblies of the new network are new objects, so call them by path.
The new network is a plain `Network`, also where the old one was of a class of its own.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

from spaic_jax.network._draft import Draft
from spaic_jax.network.assembly import SEPARATOR, Assembly, _free
from spaic_jax.network.element import Element, names_of
from spaic_jax.network.group import NeuronGroup
from spaic_jax.network.network import Network

Some = TypeVar("Some", bound=Element)


def add(network: Network, name: str, member: Element, to: str | Assembly | None = None) -> Network:
    """The network with one more member.

    Args:
        network: the network.
        name: name of the new member.
        member: any element; it may refer to members of `network`.
        to: the assembly that takes it; by default the network itself.

    Raises:
        ValueError: a name that is taken, or an unknown assembly.
        TypeError: `to` is no assembly.

    Example:
        >>> net = Network()
        >>> net.cortex = Assembly()
        >>> list(add(net, "hidden", NeuronGroup(3), to="cortex").of_kind(NeuronGroup))
        ['cortex/hidden']
    """
    draft = Draft(network)
    place = draft.top if to is None or to is network else draft.at(draft.path(to))
    if not isinstance(place, Assembly):
        raise TypeError(f"'{to}' is no assembly: it cannot take a member.")
    if member in network:
        raise ValueError(f"'{network.name_of(member)}' is a member already.")
    place.add(name, draft.take(member))
    return draft.finish()


def delete(network: Network, *which: str | Element) -> Network:
    """The network without some members; what refers to them (connections, decoders, monitors) goes too.

    Raises:
        ValueError: an unknown member.

    Example:
        >>> from spaic_jax.network import Connection
        >>> net = Network()
        >>> net.a, net.b = NeuronGroup(3), NeuronGroup(3)
        >>> net.loop = Connection(net.a, net.a)
        >>> list(delete(net, "a").members)
        ['b']
    """
    draft = Draft(network)
    for path in _outermost(draft, which):
        draft.drop(path)
    return draft.finish()


def copy(what: Some, name: str | None = None) -> Some:
    """A copy: an assembly or a network with copies of all that is in it, whose connections join the copies.

    What is outside stays what it is: a connection in an assembly that comes from elsewhere does so in the copy. Inside
    the `with` block of a network the copy becomes a member of it.

    Args:
        what: an assembly, a network, or any other element.
        name: name of the copy; by default that of the attribute or variable it is bound to.

    Example:
        >>> from spaic_jax.network import Connection
        >>> with Network() as net:
        ...     with Assembly() as left:
        ...         hidden = NeuronGroup(3)
        ...         loop = Connection(hidden, hidden)
        ...     right = copy(left)
        >>> right.loop.pre is right.hidden, right.hidden is left.hidden
        (True, False)
    """
    if isinstance(what, Assembly):
        draft = Draft(what)
        draft.renew(member for _, member in what._walk() if not isinstance(member, Assembly))
        new: Any = draft.finish()
    else:
        new = what.exchanged(lambda other: other)
    vars(new)["name"] = name
    new._join()
    return new


def replace(network: Network, which: str | Element, new: Any) -> Network:
    """The network with another member in place of one of the same kind; what referred to the old refers to the new.

    An assembly is replaced by one that has a member of the same kind and path for each member of the old one that
    something outside it refers to.

    Raises:
        ValueError: an unknown member, or a new one that lacks what is referred to, or that does not fit.
        TypeError: a new one of another kind.

    Example:
        >>> from spaic_jax.network import Connection
        >>> net = Network()
        >>> net.a = NeuronGroup(3, model="lif")
        >>> net.loop = Connection(net.a, net.a)
        >>> replace(net, "a", NeuronGroup(5, model="lif")).loop.pre.num
        5
    """
    draft = Draft(network)
    path = draft.path(which)
    old = network[path]
    _check_kind(path, old, new)
    if new in network:
        raise ValueError(f"'{network.name_of(new)}' is a member already: it cannot replace '{path}'.")
    around, name = draft.holder(path)
    if not isinstance(old, Assembly):
        around._members[name] = new
        draft.move(old, new)
        return draft.finish()
    taken = draft.take(new)
    around._members[name] = taken
    draft.move(old, taken)
    inside = {id(member) for _, member in old._walk()}
    others = [member for _, member in network._walk() if id(member) not in inside and member is not old]
    wanted = {id(other) for member in others for other in member.references}
    counterparts = dict(new._walk())
    for part, member in old._walk():
        there = counterparts.get(part)
        if id(member) in wanted:
            if there is None:
                raise ValueError(f"'{path}': the new assembly has no '{part}', which is referred to from outside.")
            _check_kind(f"{path}{SEPARATOR}{part}", member, there)
        if there is not None:
            draft.move(member, draft._moved.get(id(there), there))
    return draft.finish()


def merge(network: Network, first: str | Element, second: str | Element, name: str | None = None) -> Network:
    """The network with two members merged into one assembly, which stands where the first one stood.

    It holds what the two hold; a group, or anything else that is no assembly, counts as an assembly of itself alone. A
    name that both hold gets a number in the second, as in `"hidden#2"`. Connections stay what they are, and a
    projection to one of the two assemblies becomes one to the merged assembly.

    Args:
        network: the network.
        first: an assembly or another member.
        second: an assembly or another member.
        name: name of the merged assembly; by default that of the first.

    Raises:
        ValueError: an unknown member, one inside the other, or a name that is taken.

    Example:
        >>> net = Network()
        >>> net.a, net.b = Assembly(), Assembly()
        >>> net.a.hidden, net.b.hidden = NeuronGroup(3), NeuronGroup(4)
        >>> list(merge(net, "a", "b", name="ab").of_kind(NeuronGroup))
        ['ab/hidden', 'ab/hidden#2']
    """
    draft = Draft(network)
    paths = [draft.path(first), draft.path(second)]
    if any(f"{one}/".startswith(f"{other}/") for one, other in (paths, paths[::-1])):
        raise ValueError(f"'{paths[0]}' and '{paths[1]}' cannot be merged: one of them lies in the other.")
    merged = Assembly._empty()
    for path in paths:
        holder, last = draft.holder(path)
        part = draft.at(path)
        given = part._members if isinstance(part, Assembly) else {last: part}
        hidden = set(given) if last in holder._hidden else part._hidden if isinstance(part, Assembly) else set()
        tags = part.neuron_type if isinstance(part, Assembly) else ()
        for own, member in given.items():
            free = _free(own, merged._members)
            merged._members[free] = member
            if own in hidden:
                vars(merged)["_hidden"] |= {free}
        vars(merged)["neuron_type"] = tuple(dict.fromkeys((*merged.neuron_type, *tags)))
        if isinstance(part, Assembly):
            draft.move(network[path], merged)
    holder, last = draft.holder(paths[1])
    del holder._members[last]
    holder, last = draft.holder(paths[0])
    _swap(holder, last, name or last, merged)
    return draft.finish()


def select(network: Network, *which: str | Element) -> Network:
    """The network of some members, and of what refers to them alone: connections, projections, decoders, monitors.

    Assemblies that hold a selected member stay around it, so that every path stays what it was.

    Raises:
        ValueError: an unknown member, or one that refers to what is not selected.

    Example:
        >>> from spaic_jax.network import Connection
        >>> net = Network()
        >>> net.a, net.b = NeuronGroup(3), NeuronGroup(3)
        >>> net.aa, net.ab = Connection(net.a, net.a), Connection(net.a, net.b)
        >>> list(select(net, "a").members)
        ['a', 'aa']
    """
    draft = Draft(network)
    chosen = [draft.path(one) for one in which]
    members = dict(network._walk())
    kept = {path for path in members if any(f"{path}/".startswith(f"{one}/") for one in chosen)}
    ids = {id(members[path]) for path in kept}

    def follows(path: str) -> bool:
        references = members[path].references
        return path not in kept and bool(references) and all(id(other) in ids for other in references)

    while more := set(filter(follows, members)):
        kept |= more
        ids |= {id(members[path]) for path in more}
    for path in kept:
        for other in members[path].references:
            if id(other) not in ids:
                raise ValueError(f"'{path}' refers to '{network.name_of(other)}': select that too.")
    for path, member in reversed(members.items()):
        holds = isinstance(member, Assembly) and bool(draft.at(path).members)
        if path not in kept and not holds:
            draft.drop(path)
    return draft.finish()


def hide(network: Network, *which: str | Element) -> Network:
    """The network with some members hidden: they and what refers to them are not built, but stay declared.

    Raises:
        ValueError: an unknown member.

    Example:
        >>> net = Network()
        >>> net.a, net.b = NeuronGroup(3), NeuronGroup(3)
        >>> print(hide(net, "b"))
        Network
          a  NeuronGroup [3] CLIF
          b  NeuronGroup [3] CLIF  (hidden)
    """
    return _flag(network, which, True)


def show(network: Network, *which: str | Element) -> Network:
    """The network with some members hidden no more.

    Raises:
        ValueError: an unknown member.

    Example:
        >>> net = Network()
        >>> net.a = NeuronGroup(3)
        >>> show(hide(net, "a"), "a").hidden_members
        frozenset()
    """
    return _flag(network, which, False)


def add_type(network: Network, which: str | Element, *types: str) -> Network:
    """The network with further tags on a group or an assembly, for the policies of projections.

    Raises:
        ValueError: an unknown member, or a tag that is no name.
        TypeError: a member that takes no tags.

    Example:
        >>> net = Network()
        >>> net.a = NeuronGroup(3, neuron_type="excitatory")
        >>> add_type(net, "a", "pyramidal").a.neuron_type
        ('excitatory', 'pyramidal')
    """
    draft = Draft(network)
    path = draft.path(which)
    member = draft.at(path)
    if not isinstance(member, NeuronGroup | Assembly):
        raise TypeError(f"'{path}' ({type(member).__name__}): only groups and assemblies have types.")
    tags = tuple(dict.fromkeys((*member.neuron_type, *names_of(types, "a type"))))
    if isinstance(member, Assembly):
        vars(member)["neuron_type"] = tags
        return draft.finish()
    return replace(network, path, member.exchanged(lambda other: other, neuron_type=tags))


def _flag(network: Network, which: Sequence[str | Element], hidden: bool) -> Network:
    draft = Draft(network)
    for one in which:
        around, name = draft.holder(draft.path(one))
        vars(around)["_hidden"] = around._hidden | {name} if hidden else around._hidden - {name}
    return draft.finish()


def _outermost(draft: Draft[Network], which: Sequence[str | Element]) -> list[str]:
    """The paths of members, without those that lie in another one of them."""
    paths = sorted({draft.path(one) for one in which}, key=len)
    return [path for path in paths if not any(path.startswith(f"{other}/") for other in paths)]


def _swap(assembly: Assembly, old: str, name: str, member: Element) -> None:
    """Put a member in the place of another one, under a name of its own."""
    before = dict(assembly._members)
    hidden = assembly._hidden - {old}
    assembly._members.clear()
    for own, other in before.items():
        if own == old:
            assembly.add(name, member)
        else:
            assembly.add(own, other)
    vars(assembly)["_hidden"] = hidden


def _check_kind(path: str, old: Element, new: Any) -> None:
    if not isinstance(new, Assembly) if isinstance(old, Assembly) else type(new) is not type(old):
        raise TypeError(f"'{path}' ({type(old).__name__}) cannot be replaced by {new!r}.")
