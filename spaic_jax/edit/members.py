"""Single members: add, delete, and replace them."""

from collections.abc import Sequence
from typing import Any

from spaic_jax.edit.draft import Draft
from spaic_jax.network.assembly import SEPARATOR, Assembly
from spaic_jax.network.element import Element
from spaic_jax.network.network import Network


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
        >>> from spaic_jax.network import NeuronGroup
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
        >>> from spaic_jax.network import Connection, NeuronGroup
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


def replace(network: Network, which: str | Element, new: Any) -> Network:
    """The network with another member in place of one of the same kind; what referred to the old refers to the new.

    An assembly is replaced by one that has a member of the same kind and path for each member of the old one that
    something outside it refers to.

    Raises:
        ValueError: an unknown member, or a new one that lacks what is referred to, or that does not fit.
        TypeError: a new one of another kind.

    Example:
        >>> from spaic_jax.network import Connection, NeuronGroup
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


def _outermost(draft: Draft[Network], which: Sequence[str | Element]) -> list[str]:
    """The paths of members, without those that lie in another one of them."""
    paths = sorted({draft.path(one) for one in which}, key=len)
    return [path for path in paths if not any(path.startswith(f"{other}/") for other in paths)]


def _check_kind(path: str, old: Element, new: Any) -> None:
    if not isinstance(new, Assembly) if isinstance(old, Assembly) else type(new) is not type(old):
        raise TypeError(f"'{path}' ({type(old).__name__}) cannot be replaced by {new!r}.")
