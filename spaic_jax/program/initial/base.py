"""What an initial value is, and those that are said whole: one number, or an array."""

import abc
import dataclasses
import hashlib
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike, DTypeLike


class Initial(abc.ABC):
    """How the first value of a variable is drawn: a hashable value with one method."""

    #: Whether each number is drawn on its own from one distribution, so that a long array may be drawn in parts.
    independent: ClassVar[bool] = False

    @abc.abstractmethod
    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: DTypeLike) -> jax.Array:
        """The array, of the given shape and dtype, from an explicit key."""

    @property
    def ends(self) -> tuple[float, float] | None:
        """Two numbers between which all elements lie, or practically all; `None` where shape decides, as for weights."""
        return None

    def stream(self, name: str) -> str:
        """What the key depends on besides the seed: the name of the variable, or another that several ones share."""
        return name

    def first(self, name: str, keyed: Callable[[str], jax.Array], shape: tuple[int, ...], dtype: DTypeLike) -> jax.Array:
        """The array of a variable of a name, where `keyed` gives the key of a stream."""
        return self(keyed(self.stream(name)), shape, dtype)


@dataclasses.dataclass(frozen=True)
class Constant(Initial):
    """Every element is the same.

    Args:
        value: that number.

    >>> Constant(2.0)(jax.random.key(0), (2,), "float32").tolist()
    [2.0, 2.0]
    """

    value: float = 0.0

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: DTypeLike) -> jax.Array:
        return jnp.full(shape, self.value, dtype)

    @property
    def ends(self) -> tuple[float, float]:
        return self.value, self.value


class Given(Initial):
    """An array that the user gave. Two are equal when shape, dtype and every byte are.

    Args:
        value: the array, which is copied.

    Raises:
        ValueError: when it is asked for, for a variable of another shape.

    >>> Given([1, 2]) == Given(np.array([1, 2])), Given([1, 2]) == Given([1.0, 2.0])
    (True, False)
    """

    def __init__(self, value: ArrayLike | Sequence[Any]):
        self.value = np.array(value)
        self.value.setflags(write=False)
        # As bytes that are not copied.
        self._digest = hashlib.sha256(np.ascontiguousarray(self.value).ravel().view(np.uint8).data).hexdigest()

    def _identity(self) -> tuple[Any, ...]:
        return self.value.shape, self.value.dtype.str, self._digest

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Given) and self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self._identity())

    def __repr__(self) -> str:
        return f"Given(shape={self.value.shape}, dtype={self.value.dtype}, sha256={self._digest[:8]})"

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: DTypeLike) -> jax.Array:
        if self.value.shape != tuple(shape):
            raise ValueError(f"the given initial value has shape {self.value.shape}, the variable needs {tuple(shape)}.")
        if np.iscomplexobj(self.value) and not jnp.issubdtype(dtype, jnp.complexfloating):
            raise ValueError(f"the given initial value is complex, but the variable is {jnp.dtype(dtype)}.")
        return jnp.asarray(self.value, dtype)
