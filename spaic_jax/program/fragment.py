"""What one part of a network adds to its program, and where that part stands."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Self

from spaic_jax.program.blocks import reading_everywhere
from spaic_jax.program.op import Op
from spaic_jax.program.program import whole_steps
from spaic_jax.program.record import Record
from spaic_jax.program.variable import Variable


@dataclasses.dataclass(frozen=True)
class Fragment:
    """Variables, rows and records; fragments add up.

    Attributes:
        variables: what is declared.
        ops: rows of a step, in any order: the lowering sorts them by what they read of this step.
        initial: rows carried out once, when the variables are made.
        begin, end: rows carried out before the first and after the last step of a presentation.
        records: what a run keeps.

    Example:
        >>> two = Fragment((Variable("V"),)) + Fragment((Variable("U"),), (Op("U", "assign", "V"),))
        >>> [v.name for v in two.variables]
        ['V', 'U']
    """

    variables: tuple[Variable, ...] = ()
    ops: tuple[Op, ...] = ()
    initial: tuple[Op, ...] = ()
    begin: tuple[Op, ...] = ()
    end: tuple[Op, ...] = ()
    records: tuple[Record, ...] = ()

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            object.__setattr__(self, field.name, tuple(getattr(self, field.name)))

    def __add__(self, other: Self) -> Self:
        names = [field.name for field in dataclasses.fields(self)]
        return type(self)(*((*getattr(self, name), *getattr(other, name)) for name in names))

    def reading(self, other: Mapping[str, str]) -> Self:
        """The same, whose rows read other names in place of some."""

        def renamed(ops: Iterable[Op]) -> tuple[Op, ...]:
            return tuple(dataclasses.replace(op, inputs=tuple(other.get(read, read) for read in op.inputs)) for op in ops)

        return dataclasses.replace(
            self, ops=renamed(self.ops), initial=renamed(self.initial), begin=renamed(self.begin), end=renamed(self.end)
        )


@dataclasses.dataclass(frozen=True)
class Site:
    """Where a part stands.

    Attributes:
        name: full name of the part, prefix of its variables.
        source: the read that gives what it takes, `[B, *takes]`.
        target: the name that its rows write, `[B, *gives]`.
        takes, gives: shapes of one sample of both.
        owner: the declared element that the part belongs to, such as a `Connection`.
    """

    name: str
    source: str = ""
    target: str = ""
    takes: tuple[int, ...] = ()
    gives: tuple[int, ...] = ()
    owner: Any = None


class Context:
    """What a part may ask while one network is lowered; it lives no longer than that.

    Attributes:
        dt: length of a step, ms.
        members: the members of the network by their full name.
        made: what was lowered so far.
        slices: rows between groups and slices of them, by the name that others read or write; all that use a slice share it.
        blocks: in how many blocks of postsynaptic neurons synapses are kept, where that divides them: see `spaic_jax.build`.
    """

    def __init__(
        self,
        dt: float,
        members: Mapping[str, Any],
        name_of: Callable[[Any], str],
        read: Callable[[Any, str, Any, Any], str],
        received: Callable[[Any], frozenset[str]],
        member_of: Callable[[Any], Any] = lambda end: end,
        blocks: int = 1,
    ):
        self.dt, self.members, self.blocks = dt, members, blocks
        self.made = Fragment()
        self.slices = dict[str, Op]()
        self._name_of, self._read, self._received, self._member_of = name_of, read, received, member_of
        self._asked: set[str] = set()

    def steps(self, duration: float, what: str) -> int:
        """The number of steps in `duration` ms; ValueError, naming `what`, when it is not a positive whole number."""
        return whole_steps(duration, self.dt, what)

    def name_of(self, element: Any) -> str:
        """The full name of a member of the network."""
        return self._name_of(element)

    def read(self, element: Any, variable: str, into: Any = None, propagation: str | None = None) -> str:
        """The read of a variable of an element, or of a slice of one, by what acts on the group `into`.

        This step's value, or the previous step's where the two lie in one loop, or everywhere under the propagation
        `"one_step"`; what says a `propagation` itself reads as that says. What acts on no group, such as a learning rule, reads
        this step's.
        """
        member = self._member_of(element)
        read = self._read(member, variable, self._member_of(into), propagation)
        return self._seen(element, read if into is None else self._everywhere(member, read))

    def before(self, element: Any, variable: str) -> str:
        """The read of a variable of an element, or of a slice of one, as it was after the previous step."""
        return self._seen(element, f"{self.name_of(self._member_of(element))}.{variable}")

    def target(self, group: Any, variable: str) -> str:
        """The name by which rows add to what a group, or a slice of one, receives."""
        whole = f"{self.name_of(self._member_of(group))}.{variable}"
        if self._member_of(group) is group:
            return whole
        row = group.writing(whole)
        self.slices[row.inputs[0]] = row
        return row.inputs[0]

    def blocks_of(self, shape: tuple[int, ...]) -> int:
        """In how many blocks what has a shape is taken: one where there cannot be as many as there are to be."""
        return self.blocks if shape and shape[0] % self.blocks == 0 else 1

    def everywhere(self, element: Any, variable: str) -> str:
        """This step's read of a variable of an element, or of a slice of one, as connections read it: see `Blocks`."""
        member = self._member_of(element)
        return self._seen(element, self._everywhere(member, self._read(member, variable, None, None)))

    def _everywhere(self, member: Any, read: str) -> str:
        if getattr(member, "in_blocks", False) and self.blocks_of(member.shape) > 1:
            row = reading_everywhere(read)
            self.slices[row.outputs[0]] = row
            return row.outputs[0]
        return read

    def _seen(self, element: Any, read: str) -> str:
        if self._member_of(element) is element:
            return read
        row = element.reading(read)
        self.slices[row.outputs[0]] = row
        return row.outputs[0]

    def received(self, group: Any) -> frozenset[str]:
        """What something writes of a group, such as `{"Isyn"}`; all else that its model receives is zero."""
        return self._received(group)

    def variable(self, name: str) -> Variable | None:
        """A variable that was declared so far; monitors and decoders are lowered last, and find all of them."""
        return next((v for v in self.made.variables if v.name == name), None)

    def once(self, name: str, fragment: Fragment) -> Fragment:
        """A temporary that several parts share: `fragment`, which writes it, the first time; nothing after that."""
        if name in self._asked:
            return Fragment()
        self._asked.add(name)
        return fragment
