"""From what was declared to what is built."""

from spaic_jax.edit.draft import Draft
from spaic_jax.edit.learning import taught
from spaic_jax.network.assembly import SEPARATOR, Assembly
from spaic_jax.network.network import Network
from spaic_jax.network.projection import Projection


def expand(network: Network) -> Network:
    """The network as it is built: without hidden members, with an assembly of connections for each projection, and with
    what its learners set in place of them.

    Raises:
        ValueError: a projection that makes no connection; a learner with nothing that could learn, or that contradicts a
            connection or another learner.

    Example:
        >>> from spaic_jax.edit import hide
        >>> from spaic_jax.network import NeuronGroup
        >>> net = Network()
        >>> net.a, net.b = NeuronGroup(3), NeuronGroup(3)
        >>> list(expand(hide(net, "b")).members)
        ['a']
    """
    draft = Draft(network)
    hidden = [
        front + name
        for front, assembly in [("", network), *((p + SEPARATOR, a) for p, a in network.of_kind(Assembly).items())]
        for name in assembly.hidden_members
    ]
    for path in hidden:
        if not any(path.startswith(other + SEPARATOR) for other in hidden):
            draft.drop(path)
    shown = draft.finish()
    draft = Draft(shown)
    for path, projection in shown.of_kind(Projection).items():
        around, name = draft.holder(path)
        connections = Assembly._empty()
        for own, connection in projection.connections(shown).items():
            connections.add(own, connection)
        around._members[name] = connections
        draft.move(projection, connections)
    return taught(draft.finish())
