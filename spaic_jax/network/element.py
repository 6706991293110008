"""What every member of a network has in common."""

import contextlib
import contextvars
import dataclasses
import math
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, Self, TypeVar, dataclass_transform

import numpy as np

from spaic_jax._numbers import LARGEST, whole
from spaic_jax.network.slice import Slice, called
from spaic_jax.program import Context, Fragment, Site

#: Takes in the elements that are made inside the `with` block of a network or an assembly.
collector: contextvars.ContextVar[Callable[["Element"], None] | None]
collector = contextvars.ContextVar("collector", default=None)

Kind = TypeVar("Kind")


def _refuse(element: "Element", name: str, value: Any) -> None:
    raise AttributeError(f"a {type(element).__name__} cannot change once it is declared: declare another one.")


@dataclass_transform(frozen_default=True, eq_default=False, field_specifiers=(dataclasses.field,))
def element(kind: type[Kind]) -> type[Kind]:
    """Make a class of elements a frozen dataclass that is compared by identity and says what to do instead of changing."""
    made = dataclasses.dataclass(frozen=True, eq=False, repr=False)(kind)
    made.__setattr__ = _refuse  # type: ignore[method-assign, assignment]
    return made


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Element:
    """A declared part of a network: a frozen dataclass, compared by identity, that holds no arrays of state.

    A new kind of element is one file, and a row of `spaic_jax.network.ELEMENTS` (or of `MONITORS`):

        @element
        class Threshold(Element):
            target: NeuronGroup
            level: float = 1.0

            def lower(self, site, context): ...

    Its fields are all there is to say of it. What they refer to is followed when a network is edited, and files hold them
    by their names and types: see `spaic_jax.storage.to_dict`. `_check` says what does not fit.

    Where an argument names an object whose settings stand beside it, as in `NeuronGroup(10, model="lif", tau_m=20.0)`,
    the object's field has the metadata `named`, and a hand-written `__init__` ends with `self._declare(...)`.
    """

    name: str | None = dataclasses.field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        self._check()
        self._join()

    def _declare(self, **fields: Any) -> None:
        """What a hand-written `__init__` ends with: set the fields, and do what a generated one does after that."""
        self._set(**fields)
        self.__post_init__()

    def _set(self, **fields: Any) -> None:
        """Set fields while it is being declared."""
        vars(self).update(fields)

    def _join(self) -> None:
        """Join the network whose `with` block is open."""
        if (collect := collector.get()) is not None:
            collect(self)

    def _check(self) -> None:
        """ValueError unless the element fits what it refers to; asked again when it comes to refer to something else."""

    @property
    def _values(self) -> dict[str, Any]:
        """Its fields by name."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}

    @property
    def _parts(self) -> tuple[Any, ...]:
        """The objects, such as a model, that say what it does."""
        return tuple(v for v in self._values.values() if dataclasses.is_dataclass(v) and not isinstance(v, Element))

    @property
    def borrowed(self) -> tuple[str, ...]:
        """Names of the fields that follow from what it refers to, and so need not be said."""
        return ()

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
        return tuple(_elements(self._values.values()))

    @property
    def _named(self) -> tuple[Any, ...]:
        """What a listing says that it refers to: elements, and slices of them."""
        return self.references

    def without(self, gone: Collection["Element"]) -> Self | None:
        """What is left of it when some elements that it refers to are taken away; usually nothing."""
        return None

    def exchanged(self, exchange: Callable[["Element"], "Element"], **fields: Any) -> Self:
        """A new element that differs in some fields, and in what it refers to.

        Raises:
            ValueError: when it does not fit what it now refers to.
        """
        new = object.__new__(type(self))
        new._set(**{name: _exchanged(value, exchange) for name, value in self._values.items()} | fields)
        new._check()
        return new

    def __repr__(self) -> str:
        fields = ", ".join(
            f"{name}={value.name or type(value).__name__ if isinstance(value, Element) else value!r}"
            for name, value in self._values.items()
            if value is not None
        )
        return f"{type(self).__name__}({fields})"

    def _line(self, name_of: Callable[["Element"], str]) -> str:
        """What a listing of the network says of it: its kind, shape, choices, and what it refers to."""
        words = [type(self).__name__]
        if self._values.get("shape"):
            words.append(f"[{', '.join(map(str, self._values['shape']))}]")
        words += [getattr(part, "label", type(part).__name__) for part in self._parts]
        names = [called(other, name_of) for other in self._named]
        return " ".join([*words, *(["of", *names] if len(names) == 1 else [" -> ".join(names)] if names else [])])


def named(argument: str, usual: str | None = None) -> dict[str, Any]:
    """The metadata of a field whose object an argument of the element names; the object's settings stand beside it.

    Args:
        argument: the argument.
        usual: the name that `None` stands for.
    """
    return {"argument": argument, "usual": usual}


def _elements(values: Any) -> Iterator[Element]:
    for value in values:
        if isinstance(value, Element):
            yield value
        elif isinstance(value, Slice):
            yield value.of
        elif isinstance(value, tuple | list):
            yield from _elements(value)


def _exchanged(value: Any, exchange: Callable[[Element], Element]) -> Any:
    if isinstance(value, Element):
        return exchange(value)
    if isinstance(value, Slice):
        return dataclasses.replace(value, of=exchange(value.of))  # type: ignore[arg-type]
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
    article = "an" if kind[0] in "AEIOU" else "a"
    if num is None and shape is None:
        raise ValueError(f"{article} {kind} needs a size: num (a number of neurons) or shape (a tuple).")
    given: Any = num
    if shape is None and np.ndim(given):
        raise ValueError(f"{article} {kind} was given num={num!r}, but num is one number: say shape={num!r}.")
    given = (num,) if shape is None else shape if np.ndim(shape) else (shape,)
    try:
        sizes = tuple(whole(n, "size") for n in given)
    except ValueError:
        raise ValueError(
            f"{article} {kind} needs positive whole numbers as its size, got {num if shape is None else shape!r}; at most {LARGEST}."
        ) from None
    if num is not None and math.prod(sizes) != num:
        raise ValueError(f"{article} {kind} was given num={num} and shape={sizes}, which holds {math.prod(sizes)}.")
    return sizes
