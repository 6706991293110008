"""What the fields of a model say: its parameters, and where its state begins."""

import dataclasses
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from spaic_jax._numbers import real
from spaic_jax.program import Initial

#: A parameter as it is declared: a number, or one number a neuron.
Numbers = int | float | np.ndarray
#: The same, or how it is drawn for each neuron when the variables are made.
Value = Numbers | Initial
Range = tuple[float | None, float | None]

if TYPE_CHECKING:

    class Parameter:
        """A parameter of the equations: a number, one number a neuron or an `Initial` when declared, an array in `step`."""

        def __get__(self, model: object, kind: type | None = None) -> jax.Array: ...
        def __set__(self, model: object, value: ArrayLike) -> None: ...

    class OptionalParameter:
        """A parameter that may be `None`: its value then follows from the others."""

        def __get__(self, model: object, kind: type | None = None) -> jax.Array | None: ...
        def __set__(self, model: object, value: ArrayLike | None) -> None: ...

else:
    # The model itself says what it cannot take, of a file too.
    Parameter = OptionalParameter = Any


def parameter(
    default: float | None, *, positive: bool = False, bounds: Range = (None, None), below: str | None = None
) -> Any:
    """A dataclass field that is a parameter of the equations, and so a variable of the program.

    Args:
        default: its value; `None` where it follows from the others.
        positive: whether other values are an error, at first and later: see `NeuronModel.bounds`.
        bounds: lowest and highest value when it is trained, unless the group says otherwise.
        below: another parameter that it must lie below.
    """
    domain = {"role": "parameter", "positive": positive, "bounds": bounds, "below": below}
    return dataclasses.field(default=default, metadata=domain)


def first_value(default: float | None) -> Any:
    """A dataclass field that only says where a state variable begins; `variable` names it. `None`: `first` knows."""
    return dataclasses.field(default=default, metadata={"role": "first value"})


def extremes(value: Any) -> np.ndarray:
    """The numbers of a value in float64; of one that is drawn, the two between which it lies."""
    return np.asarray(value.ends if isinstance(value, Initial) else value, np.float64)


def as_numbers(value: object) -> Numbers | None:
    """A real number of any type as Python's own, or an array of them; `None` for what is neither.

    >>> as_numbers(np.float32(0.5)), as_numbers(np.array(3)), as_numbers("3"), as_numbers(True)
    (0.5, 3, None, None)
    """
    try:
        array = np.asarray(value)
        if not array.ndim:
            return array.item() if array.dtype.kind in "iuf" else real(value, "number")
    except ValueError:
        return None
    if array.dtype.kind in "iuf":
        return array
    # bfloat16 and its like are no types of NumPy's own.
    return array.astype(np.float32) if jnp.issubdtype(array.dtype, jnp.floating) else None
