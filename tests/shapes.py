"""How the tests check the shapes in signatures: once a function has accepted its arguments.

What a function refuses, it refuses in a sentence of its own; what it takes and gives must be as its signature says.
"""

from collections.abc import Callable
from typing import Any, get_args

from beartype import beartype
from jaxtyping import AbstractArray


def names_a_shape(annotation: Any) -> bool:
    """Whether an annotation, or a part of one, is an array with a shape."""
    if isinstance(annotation, type) and issubclass(annotation, AbstractArray):
        return True
    return any(names_a_shape(part) for part in get_args(annotation))


def checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """A type checker for jaxtyping: beartype for the annotations that name a shape, and no other ones.

    jaxtyping has it check a signature twice: before a call, when it returns `Any`, and with the result after it.
    """
    annotations = function.__annotations__
    shapes = {name: hint for name, hint in annotations.items() if names_a_shape(hint)}
    if annotations.get("return") is Any or not shapes:
        return function
    function.__annotations__ = shapes
    return beartype(function)
