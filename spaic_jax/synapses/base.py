"""What links, parts and delays have in common: fields that hold sequences, numbers of equations, and sharing."""

import dataclasses
import math
from typing import Any

import numpy as np

from spaic_jax._numbers import array_of, whole
from spaic_jax.program import Constant, Fragment, Op, Site, Variable
from spaic_jax.program.op import UPDATED, base_name

Sizes = Any  # one number for both axes of a map, or one each


def sequence(default: Any) -> Any:
    """A dataclass field that holds a number for all axes or one each, or several names; a list becomes a tuple."""
    return dataclasses.field(default=default, metadata={"sequence": True})


def pair(value: Any, what: str, least: int = 1) -> tuple[int, int]:
    """One whole number for height and width, or one each, as two.

    >>> pair([3, 5], "Conv: kernel_size"), pair(2, "Conv: stride")
    ((3, 5), (2, 2))
    """
    given = tuple(value) if isinstance(value, tuple | list) or np.ndim(value) == 1 else (value, value)
    try:
        height, width = (whole(n, what, least=least) for n in given)
    except ValueError:
        raise ValueError(f"{what} needs one or two whole numbers of at least {least}, got {given}.") from None
    return height, width


def check_elements(value: Any, what: str, least: float = -math.inf) -> None:
    """ValueError, naming the first that is not, unless all numbers of an array are finite and large enough.

    >>> check_elements([[1.0, float("nan")]], "Full: weight")
    Traceback (most recent call last):
        ...
    ValueError: Full: weight must be finite, but weight[0, 1] is nan.
    """
    array = np.asarray(array_of(value, what))
    if array.dtype.kind not in "iuf":
        return
    wrong = np.argwhere(~np.isfinite(array) | (array < least))
    if len(wrong):
        needed = "finite" if least == -math.inf else f"finite and at least {least:g}"
        place = f"[{', '.join(map(str, wrong[0]))}]" if array.ndim else ""
        name = what.rpartition(" ")[2]
        raise ValueError(f"{what} must be {needed}, but {name}{place} is {array[tuple(wrong[0])]:g}.")


def numbers(site: Site, settings: Any, *names: str) -> tuple[Variable, ...]:
    """Settings that are numbers of the equations, as constants: another value of one compiles nothing anew.

    They are time constants, shares and the like, which half precision would spoil.
    """
    return tuple(
        Variable(f"{site.name}.{name}", role="constant", init=Constant(getattr(settings, name)), narrow=False)
        for name in names
    )


def sharing(fragment: Fragment, name: str, other: str) -> Fragment:
    """The same connection with the weights of another one: its states and rows are its own, all else is the other's.

    What it makes plastic values change is added to what the other does.

    Args:
        fragment: the connection, as it is alone.
        name: its full name.
        other: full name of the connection whose variables it uses.
    """
    theirs = {v.name: other + v.name.removeprefix(name) for v in fragment.variables if v.role not in ("state", "input")}
    changed = theirs | {f"{own}.change": f"{their}.change" for own, their in theirs.items()}

    def renamed(read: str) -> str:
        own = base_name(read)
        return changed.get(own, own) + (UPDATED if read.endswith(UPDATED) else "")

    def rows(ops: tuple[Op, ...]) -> tuple[Op, ...]:
        # Rows that write a shared variable itself are among those of the other connection.
        return tuple(
            dataclasses.replace(op, outputs=tuple(map(renamed, op.outputs)), inputs=tuple(map(renamed, op.inputs)))
            for op in ops
            if not theirs.keys() & set(op.outputs)
        )

    return Fragment(
        tuple(dataclasses.replace(v, name=theirs.get(v.name, v.name)) for v in fragment.variables),
        rows(fragment.ops),
        rows(fragment.initial),
        rows(fragment.begin),
        rows(fragment.end),
        fragment.records,
    )
