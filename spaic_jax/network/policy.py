"""Which groups of two assemblies a projection connects."""

import abc
import dataclasses
from collections.abc import Sequence
from typing import Any

from spaic_jax._tables import resolve
from spaic_jax.network.element import Element, names_of

#: The members on the way to a group, from the end of the projection inwards: `(assembly, ..., group)`.
Way = tuple[Element, ...]
#: A position among all groups, or a level and the position in it.
Place = int | Sequence[int]


class ConnectPolicy(abc.ABC):
    """Chooses pairs of groups: a hashable value with one method. `first & second` chooses what both do."""

    @abc.abstractmethod
    def pairs(self, pre: Sequence[Way], post: Sequence[Way]) -> set[tuple[int, int]]:
        """The chosen pairs, as positions in the presynaptic and the postsynaptic ways.

        Raises:
            ValueError: when it cannot choose.
        """

    def __and__(self, other: "ConnectPolicy") -> "ConnectPolicy":
        if not isinstance(other, ConnectPolicy):
            return NotImplemented
        return BothPolicies(self, other)


@dataclasses.dataclass(frozen=True)
class BothPolicies(ConnectPolicy):
    """The pairs that two policies both choose: `first & second`."""

    first: ConnectPolicy
    second: ConnectPolicy

    def __post_init__(self) -> None:
        for policy in (self.first, self.second):
            if not isinstance(policy, ConnectPolicy):
                raise ValueError(f"BothPolicies: a policy is needed, not {policy!r}.")

    def pairs(self, pre: Sequence[Way], post: Sequence[Way]) -> set[tuple[int, int]]:
        return self.first.pairs(pre, post) & self.second.pairs(pre, post)


@dataclasses.dataclass(frozen=True)
class _TypePolicy(ConnectPolicy):
    pre_types: str | Sequence[str] | None = None
    post_types: str | Sequence[str] | None = None
    level: int = -1

    def __post_init__(self) -> None:
        kind = type(self).__name__
        if self.pre_types is None and self.post_types is None:
            raise ValueError(f"{kind}: pre_types or post_types is needed.")
        if isinstance(self.level, bool) or not isinstance(self.level, int) or self.level < -1:
            raise ValueError(f"{kind}: level must be -1 (the groups) or a whole number from 0, not {self.level!r}.")
        for field in ("pre_types", "post_types"):
            if (types := getattr(self, field)) is not None:
                object.__setattr__(self, field, names_of(types, f"{kind}: {field}"))

    def _tagged(self, way: Way, types: str | Sequence[str] | None) -> bool:
        """Whether the member at the level has one of the types; a group that lies less deep counts itself."""
        member: Any = way[min(self.level, len(way) - 1)]
        return bool(set(types or ()) & set(getattr(member, "neuron_type", ())))


@dataclasses.dataclass(frozen=True)
class IncludedTypePolicy(_TypePolicy):
    """The pairs whose ends have one of some types.

    Args:
        pre_types: a type or a list of them, of which the presynaptic end must have one; `None` for any end.
        post_types: the same of the postsynaptic end.
        level: whose `neuron_type` is asked for: -1 that of the group; 0 that of the projection's end, 1 that of the
            member of it that the group lies in (or is), and so on inwards.

    Raises:
        ValueError: no types at all, or a level below -1.

    Source: SPAIC, `IncludedTypePolicy`.

    >>> IncludedTypePolicy(pre_types="excitatory") & ExcludedTypePolicy(post_types=["inhibitory", "slow"])
    BothPolicies(first=IncludedTypePolicy(pre_types=('excitatory',), post_types=None, level=-1),
    second=ExcludedTypePolicy(pre_types=None, post_types=('inhibitory', 'slow'), level=-1))
    """

    def pairs(self, pre: Sequence[Way], post: Sequence[Way]) -> set[tuple[int, int]]:
        before = [i for i, way in enumerate(pre) if self.pre_types is None or self._tagged(way, self.pre_types)]
        after = [j for j, way in enumerate(post) if self.post_types is None or self._tagged(way, self.post_types)]
        return {(i, j) for i in before for j in after}


@dataclasses.dataclass(frozen=True)
class ExcludedTypePolicy(_TypePolicy):
    """The pairs neither of whose ends has one of some types.

    Args:
        pre_types: a type or a list of them, of which the presynaptic end must have none.
        post_types: the same of the postsynaptic end.
        level: as of `IncludedTypePolicy`.

    Raises:
        ValueError: no types at all, or a level below -1.

    Source: SPAIC, `ExcludedTypePolicy`.

    >>> ExcludedTypePolicy(post_types="inhibitory").post_types
    ('inhibitory',)
    """

    def pairs(self, pre: Sequence[Way], post: Sequence[Way]) -> set[tuple[int, int]]:
        before = [i for i, way in enumerate(pre) if not self._tagged(way, self.pre_types)]
        after = [j for j, way in enumerate(post) if not self._tagged(way, self.post_types)]
        return {(i, j) for i in before for j in after}


@dataclasses.dataclass(frozen=True)
class IndexConnectPolicy(ConnectPolicy):
    """The pairs at some positions: the first presynaptic with the first postsynaptic one, and so on.

    A whole number is the position among all groups of an end, in the order of `of_kind(NeuronGroup)`. A pair
    `(level, number)` is the position among the members at a level (1 those of the end itself); where that is an assembly,
    all its groups are meant.

    Args:
        pre_indexs: positions of presynaptic groups (SPAIC's spelling).
        post_indexs: as many positions of postsynaptic groups.

    Raises:
        ValueError: lists that are not equally long, or anything but such positions; when it is used, positions that do
            not exist.

    Source: SPAIC, `IndexConnectPolicy`.

    >>> IndexConnectPolicy([0, (1, 1)], [1, 0]).pre_indexs
    (0, (1, 1))
    """

    pre_indexs: Sequence[Place]
    post_indexs: Sequence[Place]

    def __post_init__(self) -> None:
        for field in ("pre_indexs", "post_indexs"):
            given = getattr(self, field)
            if not isinstance(given, list | tuple):
                raise ValueError(f"IndexConnectPolicy: {field} must be a list of positions, not {given!r}.")
            places = tuple(tuple(place) if isinstance(place, list) else place for place in given)
            if not all(_is_place(place) for place in places):
                raise ValueError(f"IndexConnectPolicy: {field} must hold numbers or pairs (level, number), not {given!r}.")
            object.__setattr__(self, field, places)
        if len(self.pre_indexs) != len(self.post_indexs):
            raise ValueError(
                f"IndexConnectPolicy: pre_indexs and post_indexs must be equally long, not {len(self.pre_indexs)} and"
                f" {len(self.post_indexs)}."
            )

    def pairs(self, pre: Sequence[Way], post: Sequence[Way]) -> set[tuple[int, int]]:
        return {
            (i, j)
            for before, after in zip(self.pre_indexs, self.post_indexs, strict=True)
            for i in _found(pre, before, "pre_indexs")
            for j in _found(post, after, "post_indexs")
        }


def _is_place(place: object) -> bool:
    numbers = place if isinstance(place, tuple) else (place, 0)
    return len(numbers) == 2 and all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in numbers)


def _found(ways: Sequence[Way], place: Place, field: str) -> list[int]:
    """The positions of the groups that a position means."""
    level, number = (None, place) if isinstance(place, int) else place
    there = [way[-1] if level is None else way[level] for way in ways if level is None or level < len(way)]
    members = list({id(member): member for member in there}.values())
    if number >= len(members):
        at = "" if level is None else f" at level {level}"
        raise ValueError(f"IndexConnectPolicy: {field} has {number}, counted from 0, but there are {len(members)} positions{at}.")
    return [i for i, way in enumerate(ways) if members[number] in (way[-1:] if level is None else way)]


#: The name of each policy in a dictionary.
POLICIES: dict[str, type[ConnectPolicy]] = {
    "both": BothPolicies,
    "excluded_type": ExcludedTypePolicy,
    "included_type": IncludedTypePolicy,
    "index": IndexConnectPolicy,
}


def resolve_policies(policies: Any, settings: dict[str, Any]) -> tuple[ConnectPolicy, ...]:
    """Policies as a tuple; those of a name take their settings out of `settings`.

    Raises:
        ValueError: an unknown name, or a setting that it needs and that is not there.
        TypeError: anything else that is no policy.
    """
    if isinstance(policies, str):
        kind = POLICIES.get(policies.lower())
        fields: Any = () if kind is None else dataclasses.fields(kind)  # type: ignore[arg-type]
        own = {field.name: settings.pop(field.name) for field in fields if field.name in settings}
        return (resolve("policy", POLICIES, ConnectPolicy, policies, own),)
    chosen = (policies,) if isinstance(policies, ConnectPolicy) else policies
    if not isinstance(chosen, list | tuple) or not all(isinstance(policy, ConnectPolicy) for policy in chosen):
        raise TypeError(f"Projection: policies must be a policy or a list of policies, not {policies!r}.")
    return tuple(chosen)
