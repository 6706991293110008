"""Copies of elements, assemblies and networks."""

from typing import Any, TypeVar

from spaic_jax.edit.draft import Draft
from spaic_jax.network.assembly import Assembly
from spaic_jax.network.element import Element

Some = TypeVar("Some", bound=Element)


def copy(what: Some, name: str | None = None) -> Some:
    """A copy: an assembly or a network with copies of all that is in it, whose connections join the copies.

    What is outside stays what it is: a connection in an assembly that comes from elsewhere does so in the copy. Inside
    the `with` block of a network the copy becomes a member of it.

    Args:
        what: an assembly, a network, or any other element.
        name: name of the copy; by default that of the attribute or variable it is bound to.

    Example:
        >>> from spaic_jax.network import Connection, Network, NeuronGroup
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
