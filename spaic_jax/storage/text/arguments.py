"""What a class is declared with: its arguments, their types, and the fields that keep them."""

import dataclasses
import functools
import inspect
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Union

import numpy as np

from spaic_jax.network import Element
from spaic_jax.storage.text.families import family_of

#: Lowest and highest value: an infinity stands for a free end, as text has no `None`.
RANGE = tuple[float | None, float | None]


#: Stands for the network itself where a member is named.
HERE = "."


@dataclasses.dataclass(frozen=True)
class Argument:
    """One argument of a class.

    Attributes:
        key: its name.
        kinds: the types that it may have; none of a union are left out but `None`.
        default: its value where it is left out.
        field: the field that keeps it; `None` where it is another way to say what a field says, such as `num`.
        beside: whether it names an object whose settings stand beside it.
    """

    key: str
    kinds: tuple[Any, ...]
    default: Any
    field: str | None
    beside: bool

    @property
    def items(self) -> tuple[Any, ...]:
        """What a list for it holds."""
        items = items_of(self.kinds)
        return items if isinstance(items, tuple) else () if items is None else (items,)

    @property
    def required(self) -> bool:
        """Whether it cannot be left out."""
        return self.default is inspect.Parameter.empty


@functools.cache
def arguments(kind: type) -> dict[str, Argument]:
    """The arguments of a dataclass by name; of an element all but its name, which is the key of its table."""
    fields = {field.metadata.get("argument", field.name): field for field in dataclasses.fields(kind)}
    hints, given = typing.get_type_hints(kind), typing.get_type_hints(kind.__init__)  # type: ignore[misc]
    found = {}
    for key, parameter in inspect.signature(kind).parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD or (key == "name" and issubclass(kind, Element)):
            continue
        field, kinds = fields.get(key), kinds_of(given.get(key, Any))
        if field is not None:
            # What the field is says more than what may be given, unless that is anything: an array, for one.
            wide = (Any,) if Any in kinds else ()
            kinds = kinds_of(hints[field.name])
            kinds = (Items(Any),) if field.metadata.get("sequence") else tuple(dict.fromkeys((*kinds, *wide)))
        beside = field is not None and "argument" in field.metadata
        default = field.metadata["usual"] or parameter.default if field and beside else parameter.default
        found[key] = Argument(key, kinds, default, field.name if field else None, beside)
    return found


@dataclasses.dataclass(frozen=True)
class Items:
    """The type of a field that holds one value for all axes, or a sequence of them."""

    of: Any


def kinds_of(hint: Any) -> tuple[Any, ...]:
    """The members of a union, without `None`; the types of the values of a `Literal`."""
    if typing.get_origin(hint) in (Union, types.UnionType):
        return tuple(dict.fromkeys(kind for member in typing.get_args(hint) for kind in kinds_of(member)))
    if typing.get_origin(hint) is Literal:
        return tuple(dict.fromkeys(type(value) for value in typing.get_args(hint)))
    return () if hint is type(None) else (hint,)


def items_of(kinds: tuple[Any, ...]) -> Any:
    """What a list for one of these types holds: a type for all items, a tuple of one each, or `None` for no list."""
    for kind in kinds:
        origin, inside = typing.get_origin(kind), typing.get_args(kind)
        if isinstance(kind, Items):
            return kind.of
        if origin is tuple and inside[-1] is not Ellipsis:
            return inside
        if origin in (tuple, list, Sequence):
            return inside[0]
    return None


def values_of(kinds: tuple[Any, ...]) -> Any:
    """What a table for one of these types holds as values, or `None` for no such table."""
    return next((typing.get_args(kind)[1] for kind in kinds if typing.get_origin(kind) in (dict, Mapping)), None)


def is_array(kinds: tuple[Any, ...]) -> bool:
    """Whether a list is an array."""
    return items_of(kinds) is None and (Any in kinds or np.ndarray in kinds)


_ONE = {bool: "true or false", int: "a whole number", float: "a number", str: "a name"}
_SEVERAL = {int: "whole numbers", float: "numbers", str: "names"}


def needed(kinds: tuple[Any, ...]) -> str:
    """What is needed, in words."""
    words = [word for kind, word in _ONE.items() if kind in kinds]
    if any(isinstance(kind, type) and issubclass(kind, Element) for kind in kinds):
        words.append("a name")
    if any(family_of(kind) for kind in kinds) or values_of(kinds) is not None or slice in kinds:
        words.append("a table")
    items = items_of(kinds)
    if RANGE in kinds:
        words.append("a list [lowest, highest] of numbers in order")
    elif isinstance(items, tuple):
        words.append(f"a list of {len(items)} values")
    elif items is not None:
        inside = kinds_of(items)
        families = [family.several or f"{family.what}s" for kind in inside if (family := family_of(kind))]
        several = [*families, *(word for kind, word in _SEVERAL.items() if kind in inside)]
        words.append(" ".join(["a list", *(["of", " or ".join(several)] if several else [])]))
    elif is_array(kinds):
        words.append("a list of numbers")
    return " or ".join(dict.fromkeys(words)) or "another value"
