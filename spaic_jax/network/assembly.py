"""Assemblies: named members, which may be assemblies themselves."""

import contextvars
import sys
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Self

from spaic_jax._errors import unknown
from spaic_jax.network._bindings import Bindings
from spaic_jax.network.connection import Connection
from spaic_jax.network.element import Element, collector, names_of
from spaic_jax.network.slice import Slice, called

#: Between the names on the way to a member: `"cortex/hidden"`, whose variables are `"cortex/hidden.V"`.
SEPARATOR = "/"


class Assembly(Element):
    """Members by name: groups, connections, encoders, decoders, monitors, and further assemblies, to any depth.

    Two ways to declare one, which may be mixed:

        >>> from spaic_jax.network import Connection, Network, NeuronGroup
        >>> with Network() as net:
        ...     with Assembly() as cortex:
        ...         hidden = NeuronGroup(3, model="lif")
        ...         loop = Connection(hidden, hidden)
        >>> list(net.members), list(cortex.members), net.name_of(hidden)
        (['cortex'], ['hidden', 'loop'], 'cortex/hidden')

        >>> class Column(Assembly):
        ...     def __init__(self, n):
        ...         super().__init__(neuron_type="column")
        ...         self.hidden = NeuronGroup(n, model="lif")
        ...         self.loop = Connection(self.hidden, self.hidden)
        >>> net.left, net.right = Column(3), Column(5)
        >>> list(net.of_kind(NeuronGroup)), net["right/hidden"].num
        (['cortex/hidden', 'left/hidden', 'right/hidden'], 5)

    A member is called by its own `name`, else by the first variable or attribute it is bound to; a connection bound to nothing
    is called `"pre->post"`, anything else by its kind and a number. The names on the way to a member, joined by `"/"`,
    are its path. `spaic_jax.edit` makes new networks of a network: with members removed, copied, merged.

    Args:
        name: name in the assembly or network around it.
        neuron_type: tags that the policies of a `Projection` look at.

    Raises:
        ValueError: two members with one name, a name that is taken by a method, an assembly inside itself.
    """

    _members: dict[str, Element]
    _hidden: frozenset[str]
    _open: list[tuple[Bindings, contextvars.Token[Any]]]
    neuron_type: tuple[str, ...]

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        self = cls._empty()
        self._join()
        return self

    def __init__(self, name: str | None = None, *, neuron_type: str | Sequence[str] = ()):
        vars(self).update(name=name, neuron_type=names_of(neuron_type, "neuron_type"))

    @classmethod
    def _empty(cls, **fields: Any) -> Self:
        self = object.__new__(cls)
        vars(self).update(_members={}, _hidden=frozenset(), _open=[], name=None, neuron_type=(), **fields)
        return self

    @property
    def members(self) -> Mapping[str, Any]:
        """The members of this level by name, in the order of declaration."""
        return MappingProxyType(self._members)

    @property
    def hidden_members(self) -> frozenset[str]:
        """Names of the members of this level that are not built; see `spaic_jax.edit.hide`."""
        return self._hidden

    @property
    def references(self) -> tuple[Element, ...]:
        """Nothing: an assembly holds its members, and refers to none."""
        return ()

    def of_kind(self, *kinds: type, recursive: bool = True) -> dict[str, Any]:
        """The members of some kinds by path, those inside assemblies included; of this level alone if not `recursive`.

        A level comes before the levels inside it, each in the order of declaration.
        """
        members = self._walk() if recursive else self._members.items()
        return {path: member for path, member in members if isinstance(member, kinds)}

    def levels(self) -> tuple[dict[str, Any], ...]:
        """All members by path, level by level: first those of this one, then those of the assemblies in it, and so on."""
        found: list[dict[str, Any]] = []
        for path, member in self._walk():
            depth = path.count(SEPARATOR)
            found += [{}] * (depth + 1 - len(found))
            found[depth] = {**found[depth], path: member}
        return tuple(found)

    def name_of(self, member: Element | Slice) -> str:
        """The path of a member; of a slice that with its places, such as `"cells[:800]"`.

        Raises:
            ValueError: when it is not in this network.
        """
        if isinstance(member, Slice):
            return called(member, self.name_of)
        for path, other in self._walk():
            if other is member:
                return path
        raise ValueError(f"{member!r} is used in the network, but is not a member of it: assign it to an attribute.")

    def assemblies_around(self, member: Element) -> tuple["Assembly", ...]:
        """The assemblies that a member lies in, from this one inwards.

        Raises:
            ValueError: when it is not in this network.
        """
        around: list[Assembly] = [self]
        for part in self.name_of(member).split(SEPARATOR)[:-1]:
            around.append(around[-1].members[part])
        return tuple(around)

    def add(self, name: str, member: Element) -> None:
        """Add a member.

        Raises:
            ValueError: when the name is taken, empty, or holds one of `. / [ ]`, or an assembly would lie in itself.
            TypeError: when it is no element.
        """
        if not isinstance(member, Element):
            raise TypeError(f"member '{name}' of a network must be a group, connection, encoder, decoder or monitor.")
        if any(member is other for _, other in self._walk()):
            return
        if not isinstance(name, str) or not name or any(sign in name for sign in ".[]" + SEPARATOR):
            raise ValueError(f"the name of a member must not be empty or hold '.', '/', '[' or ']', got {name!r}.")
        if name in self._members:
            raise ValueError(f"the network has two members named '{name}': give one of them another name.")
        if member is self or (isinstance(member, Assembly) and any(self is other for _, other in member._walk())):
            raise ValueError(f"assembly '{name}' cannot be a member of itself.")
        self._members[name] = member

    def _walk(self, front: str = "") -> Iterator[tuple[str, Element]]:
        """Every member with its path: those of this level that are no assemblies, then each assembly and its members."""
        for name, member in self._members.items():
            if not isinstance(member, Assembly):
                yield front + name, member
        for name, member in self._members.items():
            if isinstance(member, Assembly):
                yield front + name, member
                yield from member._walk(front + name + SEPARATOR)

    def __getitem__(self, path: str) -> Any:
        members = dict(self._walk())
        if path not in members:
            raise KeyError(unknown("member", path, members))
        return members[path]

    def __contains__(self, member: str | Element) -> bool:
        return any(member is other or member == path for path, other in self._walk())

    def __getattr__(self, name: str) -> Any:
        members = vars(self).get("_members", {})
        if name not in members:
            raise AttributeError(f"{type(self).__name__}: {unknown('attribute or member', name, members)}")
        return members[name]

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, Element):
            if hasattr(Assembly, name) or name in ("name", "neuron_type"):
                raise ValueError(f"a member cannot be called '{name}': an assembly has an attribute of that name.")
            self.add(value.name or name, value)
        object.__setattr__(self, name, value)

    def __enter__(self) -> Self:
        bindings = Bindings(sys._getframe(1))
        self._open.append((bindings, collector.set(bindings)))
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: Any) -> None:
        bindings, token = self._open.pop()
        collector.reset(token)
        if kind is not None:
            return
        # As in SPAIC, a member takes the name of the variable it is bound to where the block stands.
        bound, declared = bindings.finish(sys._getframe(1)), bindings.declared
        inside = {id(m) for assembly in declared if isinstance(assembly, Assembly) for _, m in assembly._walk()}
        for member in declared:
            if id(member) not in inside:
                self.add(member.name or bound.get(id(member)) or self._free_name(member, bound), member)

    def _free_name(self, member: Element, bound: Mapping[int, str]) -> str:
        if isinstance(member, Connection):
            paths = {id(other): path.rpartition(SEPARATOR)[2] for path, other in self._walk()}
            ends = (paths.get(id(e)) or e.name or bound.get(id(e)) or type(e).__name__ for e in member.references)
            return free_name("->".join(ends), self._members)
        kind, number = type(member).__name__.lower(), 1
        while f"{kind}{number}" in self._members:
            number += 1
        return f"{kind}{number}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join([*([self.name] if self.name else []), f'{len(self._members)} members'])})"

    def __str__(self) -> str:
        return "\n".join(self._lines(type(self).__name__, {id(member): path for path, member in self._walk()}))

    def _lines(self, title: str, paths: Mapping[int, str]) -> Iterator[str]:
        yield title
        width = max((len(name) for name in self._members), default=0)
        for name, member in self._members.items():
            line = "  " + f"{name:{width}}  " + member._line(lambda other: paths.get(id(other), repr(other)))
            line += "  (hidden)" if name in self._hidden else ""
            if isinstance(member, Assembly):
                yield from ("  " * bool(number) + text for number, text in enumerate(member._lines(line, paths)))
            else:
                yield line


def free_name(name: str, taken: Mapping[str, Any]) -> str:
    """The name, with a number after it where it is taken."""
    free, number = name, 2
    while free in taken:
        free, number = f"{name}#{number}", number + 1
    return free
