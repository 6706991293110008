"""Two members as one assembly."""

from spaic_jax.edit.draft import Draft
from spaic_jax.network.assembly import Assembly, free_name
from spaic_jax.network.element import Element
from spaic_jax.network.network import Network


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
        >>> from spaic_jax.network import NeuronGroup
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
            free = free_name(own, merged._members)
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
