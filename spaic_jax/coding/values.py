"""Settings that are values of a program: constants, so that a network with another value compiles nothing anew."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from jax.typing import ArrayLike

from spaic_jax.program import Constant, Given, Site, Variable

if TYPE_CHECKING:
    #: A value of a source: a number, or one number a neuron.
    Value = ArrayLike | Sequence[Any]
else:
    # The source itself says what it cannot take, of a file too.
    Value = Any

#: The step that no run reaches.
NEVER = 2**31 - 1


def keep(part: object, **numbers: float) -> None:
    """Set fields of a frozen dataclass that has just been made, to numbers of Python's own."""
    for name, number in numbers.items():
        object.__setattr__(part, name, number)


def constants(site: Site, values: Iterable[tuple[str, Value]]) -> tuple[Variable, ...]:
    """A constant `<site>.<name>` for each value: a number, or one number an element.

    Real numbers are float32 in half-precision programs too, as they scale probabilities and times; whole numbers are int32.
    """
    made = []
    for name, value in values:
        array = np.asarray(value)
        dtype = "int32" if array.dtype.kind == "i" else "float32"
        init = Given(array.astype(dtype)) if array.ndim else Constant(array.item())
        made.append(Variable(f"{site.name}.{name}", array.shape, dtype, "constant", init, narrow=False))
    return tuple(made)


def names(variables: Iterable[Variable]) -> tuple[str, ...]:
    """What a row reads of some constants."""
    return tuple(v.name for v in variables)
