"""The network: named members."""

import contextvars
import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Self

from spaic_jax.network.connection import Connection
from spaic_jax.network.element import Element, collector


class Network:
    """Members by name: groups, connections, encoders, decoders and monitors. Declaring makes no arrays.

    Two ways to declare one, which may be mixed:

        >>> from spaic_jax.network import Connection, Encoder, NeuronGroup
        >>> with Network() as net:
        ...     image = Encoder(num=4)
        ...     layer = NeuronGroup(3, model="lif")
        ...     weights = Connection(image, layer)
        >>> list(net.members)
        ['image', 'layer', 'weights']

        >>> class Net(Network):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.image = Encoder(num=4)
        ...         self.layer = NeuronGroup(3, model="lif")
        ...         self.weights = Connection(self.image, self.layer)
        >>> list(Net().members)
        ['image', 'layer', 'weights']

    A member is called by its own `name`, else by the variable or attribute it is bound to; a connection bound to nothing
    is called `"pre->post"`, anything else by its kind and a number.

    Raises:
        ValueError: two members with one name.
    """

    _members: dict[str, Element]
    _open: list[tuple[list[Element], contextvars.Token[Any]]]

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        self = super().__new__(cls)
        object.__setattr__(self, "_members", {})
        object.__setattr__(self, "_open", [])
        return self

    @property
    def members(self) -> Mapping[str, Element]:
        """Every member by name, in the order of declaration."""
        return MappingProxyType(self._members)

    def of_kind(self, *kinds: type) -> dict[str, Any]:
        """The members of some kinds, by name."""
        return {name: member for name, member in self._members.items() if isinstance(member, kinds)}

    def name_of(self, member: Element) -> str:
        """The name of a member.

        Raises:
            ValueError: when it is not in this network.
        """
        for name, other in self._members.items():
            if other is member:
                return name
        raise ValueError(f"{member!r} is used in the network, but is not a member of it: assign it to an attribute.")

    def add(self, name: str, member: Element) -> None:
        """Add a member.

        Raises:
            ValueError: when the name is taken, empty, or holds a dot or a bracket.
            TypeError: when it is no element.
        """
        if not isinstance(member, Element):
            raise TypeError(f"member '{name}' of a network must be a group, connection, encoder, decoder or monitor.")
        if any(member is other for other in self._members.values()):
            return
        if not name or any(sign in name for sign in ".[]"):
            raise ValueError(f"the name of a member must not be empty or hold '.', '[' or ']', got {name!r}.")
        if name in self._members:
            raise ValueError(f"the network has two members named '{name}': give one of them another name.")
        self._members[name] = member

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)
        if isinstance(value, Element):
            self.add(value.name or name, value)

    def __enter__(self) -> Self:
        declared: list[Element] = []
        self._open.append((declared, collector.set(declared.append)))
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: Any) -> None:
        declared, token = self._open.pop()
        collector.reset(token)
        if kind is not None:
            return
        # As in SPAIC, a member takes the name of the variable it is bound to where the block stands.
        bound = {id(value): name for name, value in sys._getframe(1).f_locals.items() if isinstance(value, Element)}
        for member in declared:
            self.add(member.name or bound.get(id(member)) or self._free_name(member), member)

    def _free_name(self, member: Element) -> str:
        if isinstance(member, Connection):
            first = f"{self.name_of(member.pre)}->{self.name_of(member.post)}"
        else:
            first = f"{type(member).__name__.lower()}1"
        name, number = first, 2
        while name in self._members:
            name = f"{first}#{number}" if isinstance(member, Connection) else f"{type(member).__name__.lower()}{number}"
            number += 1
        return name
