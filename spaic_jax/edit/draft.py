"""How a network becomes another one: its assemblies made anew, its elements shared, and what refers to them following."""

from collections.abc import Iterable
from typing import Any, Generic, TypeVar

from spaic_jax._errors import unknown
from spaic_jax.network.assembly import SEPARATOR, Assembly
from spaic_jax.network.element import Element
from spaic_jax.network.network import Network

Top = TypeVar("Top", bound=Assembly)


class Draft(Generic[Top]):
    """A copy of the assemblies of a network that can still change; it lives only until `finish`.

    Attributes:
        source: what it was made from, which does not change.
        top: what it will be.
    """

    def __init__(self, source: Top):
        self.source = source
        self._moved: dict[int, Element | None] = {}
        self._fresh: set[int] = set()
        self._settled: dict[int, Element | None] = {}
        # What is named by its id must not be collected before the draft is.
        self._kept: list[Any] = []
        members = [member for _, member in source._walk()]
        if len(set(map(id, members))) < len(members):
            twice = next(path for path, member in source._walk() if source.name_of(member) != path)
            raise ValueError(f"'{source.name_of(source[twice])}' and '{twice}' are the same member: it can be in one place.")
        self.top: Top = self.take(source)

    def take(self, member: Any) -> Any:
        """A member to be put into the draft: an assembly is made anew, anything else is itself."""
        if not isinstance(member, Assembly):
            return member
        kind = Network if isinstance(member, Network) and member is self.source else Assembly
        new = kind._empty()
        inside = {name: self.take(other) for name, other in member._members.items()}
        vars(new).update(
            name=member.name, neuron_type=member.neuron_type, _hidden=member._hidden, _members=inside
        )
        self._moved[id(member)] = new
        self._kept.append(member)
        return new

    def path(self, which: str | Element) -> str:
        """The path of a member of the source, given by path or as itself.

        Raises:
            ValueError: when it is none.
        """
        if isinstance(which, Element):
            return self.source.name_of(which)
        if which not in self.source:
            raise ValueError(unknown("member", which, (path for path, _ in self.source._walk())))
        return which

    def holder(self, path: str) -> tuple[Assembly, str]:
        """The assembly of the draft that holds the member of a path, and its name there."""
        *front, name = path.split(SEPARATOR)
        around: Assembly = self.top
        for part in front:
            around = around.members[part]
        return around, name

    def at(self, path: str) -> Any:
        """The member of the draft at a path."""
        around, name = self.holder(path)
        return around._members[name]

    def move(self, old: Element, new: Element | None) -> None:
        """Let what refers to `old` refer to `new`; with `None`, `old` is gone, and what refers to it too (but see `Element.without`)."""
        self._moved[id(old)] = new
        self._kept += [old, new]

    def drop(self, path: str) -> None:
        """Take a member away, with all that is in it."""
        around, name = self.holder(path)
        gone, old = around._members.pop(name), self.source[path]
        for member in (gone, old):
            inside = [other for _, other in member._walk()] if isinstance(member, Assembly) else []
            for other in (member, *inside):
                self.move(other, None)

    def renew(self, members: Iterable[Element]) -> None:
        """Make these elements anew even where nothing of them changes."""
        self._fresh |= set(map(id, members))

    def finish(self) -> Top:
        """The new network: everything in it refers to what is in it now."""
        self._finish(self.top)
        return self.top

    def _finish(self, assembly: Assembly) -> None:
        for name, member in list(assembly._members.items()):
            new = self._settle(member)
            if new is None:
                del assembly._members[name]
            else:
                assembly._members[name] = new
            if isinstance(new, Assembly):
                self._finish(new)
        object.__setattr__(assembly, "_hidden", assembly._hidden & set(assembly._members))

    def _settle(self, element: Element) -> Element | None:
        """What an element has become."""
        moved = self._moved.get(id(element), element)
        if moved is None or isinstance(moved, Assembly):
            return moved
        if id(moved) not in self._settled:
            parts = {id(other): self._settle(other) for other in moved.references}
            gone = [other for other in moved.references if parts[id(other)] is None]
            new: Element | None = moved.without(gone) if gone else moved
            if new and (id(moved) in self._fresh or any(id(other) != i for i, other in parts.items())):
                new = new.exchanged(lambda other: parts[id(other)] or other)
            self._kept.append(moved)
            self._settled[id(moved)] = new
        return self._settled[id(moved)]
