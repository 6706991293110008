"""Numbers as users give them: whole and real ones, Python's, NumPy's, or arrays without axes; and arrays of them."""

import math
import operator
from typing import Any

import jax
import numpy as np

#: The largest count: steps, sizes and indices are int32 on every device.
LARGEST = 2**31 - 1

#: The largest number of float32, about.
FLOAT32 = 3e38


def whole(value: Any, what: str, *, least: int = 1, most: int = LARGEST) -> int:
    """A whole number of any type as Python's own; truth values and numbers like 2.0 are none.

    Args:
        value: what came: an int, a NumPy integer, an array without axes (NumPy's, JAX's, of another library).
        what: what it is, the start of the error's sentence, such as `"batch_size"`.
        least: the smallest number that will do.
        most: the largest.

    Raises:
        ValueError: one sentence that names `what`, what came and what is needed.

    >>> import numpy as np
    >>> whole(np.int64(3), "batch_size")
    3
    >>> whole(2.0, "batch_size")
    Traceback (most recent call last):
        ...
    ValueError: batch_size must be a positive whole number, got 2.0.
    >>> whole(-1, "level", least=0)
    Traceback (most recent call last):
        ...
    ValueError: level must be a whole number of at least 0, got -1.
    """
    needed = "a positive whole number" if least == 1 else f"a whole number of at least {least}"
    try:
        number = operator.index(value) if _is_scalar(value) else None
    except TypeError:
        number = None
    if number is None or number < least:
        raise ValueError(f"{what} must be {needed}, got {shown(value)}.")
    if number > most:
        raise ValueError(f"{what} must be at most {most}, got {shown(value)}.")
    return number


def real(
    value: Any,
    what: str,
    *,
    above: float = -math.inf,
    least: float = -math.inf,
    below: float = math.inf,
    most: float = math.inf,
) -> float:
    """A finite real number of any type as a Python float; truth values, text and complex numbers are none.

    Args:
        value: what came: a float, an int, a fraction, a NumPy number, an array without axes.
        what: what it is, the start of the error's sentence, such as `"learning_rate"`.
        above: what it must be greater than.
        least: the smallest number that will do.
        below: what it must be less than.
        most: the largest number that will do.

    Raises:
        ValueError: one sentence that names `what`, what came and what is needed.

    >>> import numpy as np
    >>> real(np.float32(0.5), "probability", least=0, most=1)
    0.5
    >>> real(float("nan"), "tau_m", above=0)
    Traceback (most recent call last):
        ...
    ValueError: tau_m must be a positive, finite number, got nan.
    >>> real(1, "probability", least=0, below=1)
    Traceback (most recent call last):
        ...
    ValueError: probability must be a finite number of at least 0 and below 1, got 1.
    """
    try:
        number = float(value) if _is_scalar(value) else math.nan
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if math.isfinite(number) and above < number < below and least <= number <= most:
        return number
    ends = [
        f"{word} {end:g}"
        for word, end in (("above", above), ("of at least", least), ("below", below), ("of at most", most))
        if math.isfinite(end) and (word, end) != ("above", 0)
    ]
    kind = "a positive, finite number" if above == 0 else "a finite number"
    raise ValueError(f"{what} must be {' '.join([kind, ' and '.join(ends)]).strip()}, got {shown(value)}.")


def array_of(value: Any, what: str) -> Any:
    """An array of JAX as it is, and anything else as NumPy's: arrays of other libraries, lists, numbers.

    Args:
        value: what came.
        what: what it is, the start of the error's sentence, such as `"input 'image'"`.

    Raises:
        ValueError: lists in lists that are not equally long.

    >>> array_of([[1.0, 2.0], [3.0]], "weight")
    Traceback (most recent call last):
        ...
    ValueError: weight must be an array, but its rows are not equally long: [[1.0, 2.0], [3.0]].
    """
    if isinstance(value, jax.Array):
        return value
    try:
        return np.asarray(value)
    except ValueError as error:
        if "inhomogeneous" not in str(error):
            raise
        raise ValueError(f"{what} must be an array, but its rows are not equally long: {shown(value)}.") from None


def shown(value: Any) -> str:
    """What came, on one short line.

    >>> shown("x" * 100)[-4:], len(shown("x" * 100))
    ('x...', 60)
    """
    # Python refuses to write out an int of thousands of digits.
    text = f"a number of {value.bit_length()} bits" if isinstance(value, int) and value.bit_length() > 200 else repr(value)
    text = " ".join(text.split())
    return text if len(text) <= 60 else f"{text[:57]}..."


def _is_scalar(value: Any) -> bool:
    """Whether it may be one number: no truth value, no text, no array with axes, not complex."""
    if isinstance(value, bool | str | bytes) or getattr(value, "ndim", 0) != 0:
        return False
    return not any(kind in str(getattr(value, "dtype", "")) for kind in ("bool", "complex"))
