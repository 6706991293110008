"""A part of a network."""

from spaic_jax.edit.draft import Draft
from spaic_jax.network.assembly import Assembly
from spaic_jax.network.element import Element
from spaic_jax.network.network import Network


def select(network: Network, *which: str | Element) -> Network:
    """The network of some members, and of what refers to them alone: connections, projections, decoders, monitors.

    Assemblies that hold a selected member stay around it, so that every path stays what it was.

    Raises:
        ValueError: an unknown member, or one that refers to what is not selected.

    Example:
        >>> from spaic_jax.network import Connection, NeuronGroup
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
