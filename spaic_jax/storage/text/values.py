"""What a plain value stands for where a type is needed."""

import abc
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from spaic_jax._errors import unknown
from spaic_jax.network import Element, Slice
from spaic_jax.program import Initial
from spaic_jax.storage.text.arguments import RANGE, Items, is_array, items_of, kinds_of, needed, values_of
from spaic_jax.storage.text.families import Family, family_of


class Values(abc.ABC):
    """Reads values. What members and objects are is for those who know of the network.

    Args:
        arrays: what `{"array": name}` stands for.
    """

    def __init__(self, arrays: Mapping[str, np.ndarray]):
        self.arrays = arrays

    @abc.abstractmethod
    def member(self, name: Any, path: str) -> Element | Slice:
        """The member of a name, or a slice of it; ValueError when there is none."""

    @abc.abstractmethod
    def object(self, kind: type, table: Any, path: str) -> Any:
        """The object of a table, whose class is one of a family; ValueError when it does not describe one."""

    def value(self, value: Any, kinds: tuple[Any, ...], path: str, default: Any = None) -> Any:
        """What a plain value stands for.

        Args:
            value: what came.
            kinds: the types that will do.
            path: where it stands.
            default: what it is instead of.

        Raises:
            ValueError: when it is of none of these types.
        """
        if isinstance(value, Mapping):
            return self._of_table(value, kinds, path)
        if any(isinstance(kind, type) and issubclass(kind, Element) for kind in kinds):
            return self.member(value, path)
        if isinstance(value, list | tuple):
            return self._of_list(value, kinds, path)
        if isinstance(value, str) and str not in kinds and (family := _family_in(kinds)) is not None:
            return self.object(family.base, {family.key: value}, path)
        if not _fits(value, kinds, default):
            wanted = (float,) if _is_number(default) and Any in kinds else kinds
            raise ValueError(f"{path}: {needed(wanted)} is needed, not {value!r}.")
        return value

    def _of_table(self, value: Mapping[str, Any], kinds: tuple[Any, ...], path: str) -> Any:
        anything = Any in kinds or any(isinstance(kind, Items) for kind in kinds)
        if set(value) == {"array"} and (anything or np.ndarray in kinds):
            return self._array_of(value["array"], f"{path}.array")
        bases = [kind for kind in (*kinds, *([Initial] if anything else [])) if family_of(kind)]
        if bases:
            named = (kind for kind in bases if (family := family_of(kind)) and family.key in value)
            return self.object(next(named, bases[0]), value, path)
        if slice in kinds:
            ends = ("start", "stop", "step")
            if any(key not in ends or isinstance(n, bool) or not isinstance(n, int) for key, n in value.items()):
                raise ValueError(f"{path}: a slice is a table of whole numbers start, stop and step, not {dict(value)!r}.")
            return slice(*(value.get(end) for end in ends))
        inside = values_of(kinds)
        if inside is None:
            raise ValueError(f"{path}: {needed(kinds)} is needed, not {dict(value)!r}.")
        return {key: self.value(item, kinds_of(inside), f"{path}.{key}") for key, item in value.items()}

    def _of_list(self, value: Sequence[Any], kinds: tuple[Any, ...], path: str) -> Any:
        if RANGE in kinds:
            numbers = len(value) == 2 and all(_is_number(end) and not math.isnan(end) for end in value)
            if not numbers or value[0] > value[1]:
                raise ValueError(f"{path}: {needed(kinds)} is needed, not {value!r}.")
            return tuple(None if math.isinf(end) else end for end in value)
        if is_array(kinds):
            return _array(value, np.float64 if np.ndarray in kinds else np.float32, path)
        items = items_of(kinds)
        if items is None or (isinstance(items, tuple) and len(items) != len(value)):
            raise ValueError(f"{path}: {needed(kinds)} is needed, not {value!r}.")
        if items is Any:
            return tuple(self._array_of(x["array"], path) if isinstance(x, Mapping) and set(x) == {"array"} else x for x in value)
        each = items if isinstance(items, tuple) else (items,) * len(value)
        return tuple(
            self.value(item, kinds_of(hint), f"{path}.{i}") for i, (item, hint) in enumerate(zip(value, each, strict=True))
        )

    def _array_of(self, name: Any, path: str) -> np.ndarray:
        if not isinstance(name, str) or name not in self.arrays:
            raise ValueError(f"{path}: {unknown('array', name, self.arrays)}")
        return self.arrays[name]


def _fits(value: Any, kinds: tuple[Any, ...], default: Any) -> bool:
    """Whether a value that is no list or table is of one of some types; what it means is checked by what takes it."""
    if any(isinstance(kind, Items) for kind in kinds) or (Any in kinds and not _is_number(default)):
        return value is not None
    if isinstance(value, bool):
        return bool in kinds
    if isinstance(value, str):
        return str in kinds
    if _is_number(value):
        return not {float, Any}.isdisjoint(kinds) or (int in kinds and isinstance(value, int))
    return False


def _family_in(kinds: tuple[Any, ...]) -> Family | None:
    """The family of which a name will do: that of a value, or of all items of a list."""
    return next((family for kind in (*kinds, *kinds_of(items_of(kinds))) if (family := family_of(kind))), None)


def _is_number(value: Any) -> bool:
    """Whether it is a number that a float can hold."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        float(value)
    except OverflowError:
        return False
    return True


def _array(value: Sequence[Any], dtype: Any, path: str) -> np.ndarray:
    try:
        with np.errstate(over="raise"):
            return np.asarray(value, dtype)
    except (ArithmeticError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: an array needs rows of numbers of float32 that are equally long.") from error
