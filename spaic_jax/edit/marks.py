"""What is said of members without changing what they do: whether they are built, and their tags."""

from collections.abc import Sequence

from spaic_jax.edit.draft import Draft
from spaic_jax.edit.members import replace
from spaic_jax.network.assembly import Assembly
from spaic_jax.network.element import Element, names_of
from spaic_jax.network.group import NeuronGroup
from spaic_jax.network.network import Network


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
