"""What every member of a network has in common."""

import contextvars
import math
from collections.abc import Callable
from typing import Any

#: Takes in the elements that are made inside a `with Network()` block.
collector: contextvars.ContextVar[Callable[["Element"], None] | None]
collector = contextvars.ContextVar("collector", default=None)


class Element:
    """A declared part of a network: an immutable description, compared by identity, that holds no arrays of state."""

    name: str | None

    def _declare(self, **fields: Any) -> None:
        """Set the fields once, and join the network whose `with` block is open."""
        for name, value in fields.items():
            object.__setattr__(self, name, value)
        if (collect := collector.get()) is not None:
            collect(self)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"a {type(self).__name__} cannot change once it is declared: declare another one.")

    def __repr__(self) -> str:
        fields = ", ".join(
            f"{name}={value.name or type(value).__name__ if isinstance(value, Element) else value!r}"
            for name, value in vars(self).items()
            if value is not None
        )
        return f"{type(self).__name__}({fields})"


def shape_of(kind: str, num: int | None, shape: tuple[int, ...] | int | None) -> tuple[int, ...]:
    """The shape that `num` and `shape` say together.

    Raises:
        ValueError: when neither is given, they disagree, or a size is not a positive whole number.
    """
    if num is None and shape is None:
        raise ValueError(f"a {kind} needs a size: num (a number of neurons) or shape (a tuple).")
    sizes: tuple[Any, ...] = (num,) if shape is None else (shape,) if isinstance(shape, int) else tuple(shape)
    if any(isinstance(n, bool) or not isinstance(n, int) or n < 1 for n in sizes):
        raise ValueError(f"a {kind} needs positive whole numbers as its size, got {num if shape is None else shape!r}.")
    if num is not None and math.prod(sizes) != num:
        raise ValueError(f"a {kind} was given num={num} and shape={sizes}, which holds {math.prod(sizes)}.")
    return sizes
