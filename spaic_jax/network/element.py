"""What every member of a network has in common."""

import contextlib
import contextvars
import dataclasses
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Self

import numpy as np

from spaic_jax._numbers import LARGEST, whole
from spaic_jax.program import Context, Fragment, Site

#: Takes in the elements that are made inside the `with` block of a network or an assembly.
collector: contextvars.ContextVar[Callable[["Element"], None] | None]
collector = contextvars.ContextVar("collector", default=None)


class Element:
    """A declared part of a network: an immutable description, compared by identity, that holds no arrays of state."""

    name: str | None

    def _declare(self, **fields: Any) -> None:
        """Set the fields once, and join the network whose `with` block is open."""
        vars(self).update(fields)
        self._check()
        self._join()

    def _join(self) -> None:
        if (collect := collector.get()) is not None:
            collect(self)

    def _check(self) -> None:
        """ValueError unless the element fits what it refers to; asked again when it comes to refer to something else."""

    @property
    def reads_from(self) -> tuple[tuple["Element", str], ...]:
        """The variables of other members that what it writes depends on, as `(member, variable)`."""
        return ()

    @property
    def writes_to(self) -> tuple[tuple[Any, str], ...]:
        """What it adds to inputs of groups, as `(group, variable)`."""
        return ()

    @property
    def reads_late(self) -> bool:
        """Whether it reads the previous step wherever it stands, so that it makes no loop of what it joins."""
        return False

    def lower(self, site: Site, context: Context) -> Fragment:
        """What it adds to the program of a network."""
        return Fragment()

    @property
    def references(self) -> tuple["Element", ...]:
        """The elements that its fields name."""
        return tuple(_elements(vars(self).values()))

    def exchanged(self, exchange: Callable[["Element"], "Element"], **fields: Any) -> Self:
        """A new element that differs in some fields, and in what it refers to.

        Raises:
            ValueError: when it does not fit what it now refers to.
        """
        new = object.__new__(type(self))
        vars(new).update({name: _exchanged(value, exchange) for name, value in vars(self).items()} | fields)
        new._check()
        return new

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"a {type(self).__name__} cannot change once it is declared: declare another one.")

    def __repr__(self) -> str:
        fields = ", ".join(
            f"{name}={value.name or type(value).__name__ if isinstance(value, Element) else value!r}"
            for name, value in vars(self).items()
            if value is not None
        )
        return f"{type(self).__name__}({fields})"

    def _line(self, name_of: Callable[["Element"], str]) -> str:
        """What a listing of the network says of it: its kind, shape, choices, and what it refers to."""
        words = [type(self).__name__]
        if "shape" in vars(self):
            words.append(f"[{', '.join(map(str, vars(self)['shape']))}]")
        parts = (value for value in vars(self).values() if dataclasses.is_dataclass(value))
        words += [getattr(value, "label", type(value).__name__) for value in parts]
        names = [name_of(other) for other in self.references]
        return " ".join([*words, *(["of", *names] if len(names) == 1 else [" -> ".join(names)] if names else [])])


def _elements(values: Any) -> Iterator[Element]:
    for value in values:
        if isinstance(value, Element):
            yield value
        elif isinstance(value, tuple | list):
            yield from _elements(value)


def _exchanged(value: Any, exchange: Callable[[Element], Element]) -> Any:
    if isinstance(value, Element):
        return exchange(value)
    if any(_elements([value])):
        return type(value)(_exchanged(item, exchange) for item in value)
    return value


@contextlib.contextmanager
def undeclared() -> Iterator[None]:
    """Elements that are made inside join no network, even when its `with` block is open."""
    token = collector.set(None)
    try:
        yield
    finally:
        collector.reset(token)


def names_of(value: str | Sequence[str], what: str) -> tuple[str, ...]:
    """One name or several, as a tuple.

    Raises:
        ValueError: anything else.
    """
    names = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list | tuple | set) else (None,)
    if not all(isinstance(name, str) and name for name in names):
        raise ValueError(f"{what} must be a name or a list of names, not {value!r}.")
    return tuple(dict.fromkeys(name for name in names if name))


def shape_of(kind: str, num: int | None, shape: Sequence[int] | int | None) -> tuple[int, ...]:
    """The shape that `num` and `shape` say together.

    Raises:
        ValueError: when neither is given, they disagree, or a size is not a positive whole number.
    """
    if num is None and shape is None:
        raise ValueError(f"a {kind} needs a size: num (a number of neurons) or shape (a tuple).")
    given: Any = (num,) if shape is None else shape if np.ndim(shape) else (shape,)
    try:
        sizes = tuple(whole(n, "size") for n in given)
    except ValueError:
        raise ValueError(
            f"a {kind} needs positive whole numbers as its size, got {num if shape is None else shape!r}; at most {LARGEST}."
        ) from None
    if num is not None and math.prod(sizes) != num:
        raise ValueError(f"a {kind} was given num={num} and shape={sizes}, which holds {math.prod(sizes)}.")
    return sizes
