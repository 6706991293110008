"""What the ops share: checks that raise one sentence, and explicit casts and broadcasts."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike


def array(op: str, name: str, value: Any, least: int = 0, form: str = "") -> jax.Array:
    """`value` as an array of at least `least` axes, which `form` describes."""
    try:
        x = jnp.asarray(value)
    except (TypeError, ValueError):
        raise TypeError(f"{op} got {name}={value!r}, but needs an array of numbers.") from None
    if x.ndim < least:
        raise ValueError(f"{op} got {name} of shape {x.shape}, but needs {form}.")
    return x


def real(op: str, name: str, x: jax.Array) -> jax.Array:
    """`x`, unless it is complex."""
    if jnp.iscomplexobj(x):
        raise TypeError(f"{op} got {name} of dtype {x.dtype}, but needs a real dtype.")
    return x


def inexact(op: str, name: str, x: jax.Array) -> jax.Array:
    """`x`, unless it is of an integer or boolean dtype."""
    if not jnp.issubdtype(x.dtype, jnp.inexact):
        raise TypeError(f"{op} got {name} of dtype {x.dtype}, but needs a floating dtype such as float32.")
    return x


def integral(op: str, name: str, x: jax.Array) -> jax.Array:
    """`x` as an index, of an integer dtype wide enough for any axis."""
    if not jnp.issubdtype(x.dtype, jnp.integer):
        raise TypeError(f"{op} got {name} of dtype {x.dtype}, but needs an integer dtype.")
    return x.astype(jnp.int32) if x.dtype.itemsize < 4 else x


def known(x: Any) -> np.ndarray | None:
    """The numbers of `x`, as the caller gave it, if they are known while tracing, else None.

    What `jnp.asarray` makes of a number inside `jax.jit` is traced: ask before converting.
    """
    return None if isinstance(x, jax.core.Tracer) else np.asarray(x)


def within(op: str, name: str, values: np.ndarray | None, size: int) -> None:
    """ValueError if one of the indices, where they are known, lies outside `0 ... size - 1`."""
    if values is not None and values.size and not (values.min() >= 0 and values.max() < size):
        raise ValueError(
            f"{op} got {name} from {values.min()} to {values.max()}, "
            f"but needs them within 0 ... {size - 1}."
        )


def fraction(op: str, name: str, value: ArrayLike) -> jax.Array:
    """A probability, as an array; its range is checked where its value is known."""
    x = real(op, name, array(op, name, value))
    values = known(value)
    if values is not None and not np.all((values >= 0) & (values <= 1)):
        raise ValueError(f"{op} got {name}={value}, but needs a probability between 0 and 1.")
    return x


def integer(op: str, name: str, value: Any, least: int | None = None) -> int:
    """A whole number that is known while tracing, at least `least`."""
    try:
        number = operator.index(value)
    except TypeError:  # a traced value raises a kind of TypeError too
        raise TypeError(f"{op} got {name}={value!r}, but needs an integer known while tracing.") from None
    if least is not None and number < least:
        raise ValueError(f"{op} got {name}={number}, but needs an integer of at least {least}.")
    return number


def integers(op: str, name: str, value: Any, count: int, least: int) -> tuple[int, ...]:
    """One whole number for each of `count` axes, from one for all or a sequence of them."""
    if isinstance(value, (tuple, list)) or np.ndim(value) == 1:
        values = tuple(integer(op, name, v, least) for v in value)
        if len(values) == 1:
            values *= count
        if len(values) != count:
            raise ValueError(f"{op} got {name}={value!r}, but needs one integer or {count} of them.")
        return values
    return (integer(op, name, value, least),) * count


def number(op: str, name: str, value: Any, least: float = -math.inf) -> float:
    """A finite number that is known while tracing, at least `least`."""
    try:
        result = float(value)
    except (TypeError, ValueError):  # a traced value raises a kind of TypeError too
        raise TypeError(f"{op} got {name}={value!r}, but needs a number known while tracing.") from None
    if not math.isfinite(result) or result < least:
        need = "a finite number" + ("" if least == -math.inf else f" of at least {least:g}")
        raise ValueError(f"{op} got {name}={result!r}, but needs {need}.")
    return result


def axis(op: str, value: Any, ndim: int) -> int:
    """An axis of an array of `ndim` axes, counted from the front."""
    dim = integer(op, "dim", value)
    if not -ndim <= dim < ndim:
        raise ValueError(f"{op} got dim={dim}, but needs one of the {ndim} axes.")
    return dim % ndim


def cast(op: str, *, mixed: bool = True, **arrays: jax.Array) -> list[jax.Array]:
    """The arrays, of which those of bool or integer dtype (stored spikes) are cast to the float they meet.

    Bool is cast to integer likewise.

    Args:
        mixed: whether complex and real arrays may meet, as they may element by element.
        arrays: by the name that the op gives them.

    Two floating dtypes are left to JAX's promotion, which a program may set to be strict.
    """
    floats = {k: x.dtype for k, x in arrays.items() if jnp.issubdtype(x.dtype, jnp.inexact)}
    kinds = {jnp.issubdtype(dtype, jnp.complexfloating) for dtype in floats.values()}
    if len(kinds) == 2 and not mixed:
        given = ", ".join(f"{k} of {dtype}" for k, dtype in floats.items())
        raise TypeError(f"{op} got {given}, but needs all of them real or all complex.")
    if floats:
        firm = [x.dtype for k, x in arrays.items() if k in floats and not x.weak_type]
        target = (firm or list(floats.values()))[0]
        return [x if k in floats else x.astype(target) for k, x in arrays.items()]
    whole = [x.dtype for x in arrays.values() if x.dtype != jnp.bool_]
    return [x.astype(whole[0]) if whole and x.dtype == jnp.bool_ else x for x in arrays.values()]


def spread(op: str, **arrays: jax.Array) -> list[jax.Array]:
    """The arrays, broadcast to one shape by NumPy's rule."""
    try:
        shape = np.broadcast_shapes(*(x.shape for x in arrays.values()))
    except ValueError:
        given = ", ".join(f"{k} {x.shape}" for k, x in arrays.items())
        raise ValueError(f"{op} got shapes {given}, but needs shapes that broadcast together.") from None
    return [jnp.broadcast_to(x, shape) for x in arrays.values()]


def broadcast(op: str, **arrays: jax.Array) -> list[jax.Array]:
    """The arrays, cast as by `cast` and broadcast to one shape."""
    return spread(op, **dict(zip(arrays, cast(op, mixed=True, **arrays), strict=True)))


def fitted(op: str, name: str, x: jax.Array, shape: Sequence[int]) -> jax.Array:
    """`x` broadcast to `shape`, which it must not enlarge."""
    try:
        return jnp.broadcast_to(x, shape)
    except ValueError:
        raise ValueError(
            f"{op} got {name} of shape {x.shape}, "
            f"but needs one that broadcasts to {tuple(shape)}."
        ) from None


def contracted(
    op: str, a_name: str, a: jax.Array, a_axis: int, x_name: str, x: jax.Array, x_axis: int
) -> None:
    """ValueError unless the two axes that a product sums over are equal."""
    if a.shape[a_axis] != x.shape[x_axis]:
        raise ValueError(
            f"{op} got {a_name} of shape {a.shape} and {x_name} of shape {x.shape}, "
            f"but needs axis {a_axis} of {a_name} ({a.shape[a_axis]}) "
            f"equal to axis {x_axis} of {x_name} ({x.shape[x_axis]})."
        )
