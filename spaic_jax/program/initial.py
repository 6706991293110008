"""Initial values of variables, as comparable values: they say how an array is made, and make it only when asked.

Numbers, arrays, names and functions of `spaic_jax.ops.INITIALISERS` stand for them wherever one is asked for.
"""

import abc
import dataclasses
import hashlib
import math
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike, DTypeLike

from spaic_jax import ops
from spaic_jax._errors import unknown
from spaic_jax._numbers import real


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


@dataclasses.dataclass(frozen=True)
class Normal(Initial):
    """Gaussian.

    Args:
        mean: its mean.
        std: its standard deviation.

    >>> Normal(mean=3.0, std=0.0)(jax.random.key(0), (2,), "float32").tolist()
    [3.0, 3.0]
    """

    independent: ClassVar = True
    mean: float = 0.0
    std: float = 1.0

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: DTypeLike) -> jax.Array:
        return self.mean + self.std * jax.random.normal(key, shape, dtype)

    @property
    def ends(self) -> tuple[float, float]:
        # Beyond six standard deviations lies one number in 500 million.
        return self.mean - 6 * abs(self.std), self.mean + 6 * abs(self.std)


@dataclasses.dataclass(frozen=True)
class Uniform(Initial):
    """Uniform between two numbers.

    Args:
        a: the lower one, which may be drawn.
        b: the upper one, which is not.

    >>> drawn = Uniform(1.0, 2.0)(jax.random.key(0), (100,), "float32")
    >>> bool(drawn.min() >= 1), bool(drawn.max() < 2)
    (True, True)
    """

    independent: ClassVar = True
    a: float = 0.0
    b: float = 1.0

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: DTypeLike) -> jax.Array:
        return jax.random.uniform(key, shape, dtype, self.a, self.b)

    @property
    def ends(self) -> tuple[float, float]:
        return min(self.a, self.b), max(self.a, self.b)


@dataclasses.dataclass(frozen=True)
class TruncatedNormal(Initial):
    """Gaussian, as it is between two numbers: what lies outside is drawn anew, so that nothing gathers at the ends.

    Args:
        mean: mean of the whole Gaussian.
        std: its standard deviation, which is positive.
        a: the lowest number.
        b: the largest.

    Raises:
        ValueError: a standard deviation that is not positive, `a` that is not below `b`, or both more than 4 std away from the
            mean on one side.

    Delays of Potjans and Diesmann (2014), in ms, are `TruncatedNormal(1.5, 0.75, a=0.1)`.

    >>> drawn = TruncatedNormal(mean=1.5, std=0.75, a=0.1)(jax.random.key(0), (100,), "float32")
    >>> bool(drawn.min() >= 0.1), bool(drawn.max() > 2)
    (True, True)
    """

    independent: ClassVar = True
    mean: float = 0.0
    std: float = 1.0
    a: float = -math.inf
    b: float = math.inf

    def __post_init__(self) -> None:
        real(self.std, "TruncatedNormal: std", above=0)
        if not self.a < self.b:
            raise ValueError(f"TruncatedNormal: a must be below b, got {self.a!r} and {self.b!r}.")
        low, high = self._ends
        if low > 4 or high < -4:
            raise ValueError(
                f"TruncatedNormal: what lies between a {self.a:g} and b {self.b:g} must begin within 4 std of the mean, but of"
                f" N({self.mean:g}, {self.std:g}) it does not."
            )

    @property
    def _ends(self) -> tuple[float, float]:
        """Both ends in standard deviations from the mean."""
        return (self.a - self.mean) / self.std, (self.b - self.mean) / self.std

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: DTypeLike) -> jax.Array:
        # Rounding may draw the very end, which is infinite where there is none.
        low, high = (min(max(end, -6.0), 6.0) for end in self._ends)
        drawn = self.mean + self.std * jax.random.truncated_normal(key, low, high, shape, dtype)
        return jnp.clip(drawn, self.a, self.b)


@dataclasses.dataclass(frozen=True)
class LogNormal(Initial):
    """The exponential of a Gaussian, as weights of cortical synapses are distributed.

    Args:
        mean: mean of the logarithm, so that the median is `exp(mean)`.
        std: standard deviation of the logarithm.

    Source: NEST, `lognormal`.

    >>> LogNormal(mean=0.0, std=0.0)(jax.random.key(0), (2,), "float32").tolist()
    [1.0, 1.0]
    """

    independent: ClassVar = True
    mean: float = 0.0
    std: float = 1.0

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: DTypeLike) -> jax.Array:
        return jnp.exp(self.mean + self.std * jax.random.normal(key, shape, dtype))


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
        return jnp.asarray(self.value, dtype)


def _struct(shape: tuple[int, ...], dtype: DTypeLike) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(shape, dtype)


@dataclasses.dataclass(frozen=True)
class XavierNormal(Initial):
    """Gaussian with standard deviation `gain sqrt(2 / (fan_in + fan_out))`, for weights `(post, pre, ...)`.

    Args:
        gain: what the standard deviation is multiplied by.

    Raises ValueError, when the value is drawn, for a shape with fewer than two axes. Source: SPAIC, `xavier_normal`
    (which fails there); Glorot and Bengio (2010).

    >>> XavierNormal()(jax.random.key(0), (3, 4), "float32").shape
    (3, 4)
    """

    gain: float = 1.0

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: DTypeLike) -> jax.Array:
        return ops.xavier_normal(key, _struct(shape, dtype), self.gain)


@dataclasses.dataclass(frozen=True)
class XavierUniform(Initial):
    """Uniform within `gain sqrt(6 / (fan_in + fan_out))` of 0, for weights `(post, pre, ...)`. Errors as of `XavierNormal`.

    Args:
        gain: what the bounds are multiplied by.

    Source: SPAIC, `xavier_uniform`; Glorot and Bengio (2010).

    >>> bool(abs(XavierUniform(gain=2.0)(jax.random.key(0), (3, 3), "float32")).max() < 2.0)
    True
    """

    gain: float = 1.0

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: DTypeLike) -> jax.Array:
        return ops.xavier_uniform(key, _struct(shape, dtype), self.gain)


@dataclasses.dataclass(frozen=True)
class KaimingNormal(Initial):
    """Gaussian with standard deviation `gain / sqrt(fan)`, for weights `(post, pre, ...)`.

    Args:
        a: slope of a leaky ReLU below 0, which the gain follows from.
        mode: `"fan_in"` or `"fan_out"`.
        nonlinearity: what the gain is that of, such as `"relu"`.

    Raises ValueError, when the value is drawn, for a shape with fewer than two axes or an unknown mode or nonlinearity.
    Source: SPAIC, `kaiming_normal`; He et al. (2015).

    >>> KaimingNormal(nonlinearity="relu")(jax.random.key(0), (3, 4), "float32").shape
    (3, 4)
    """

    a: float = 0.0
    mode: Literal["fan_in", "fan_out"] = "fan_in"
    nonlinearity: str = "leaky_relu"

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: DTypeLike) -> jax.Array:
        return ops.kaiming_normal(key, _struct(shape, dtype), self.a, self.mode, self.nonlinearity)


@dataclasses.dataclass(frozen=True)
class KaimingUniform(KaimingNormal):
    """Uniform within `gain sqrt(3 / fan)` of 0. Arguments and errors as of `KaimingNormal`.

    Source: SPAIC, `kaiming_uniform`; He et al. (2015).

    >>> KaimingUniform(mode="fan_out")(jax.random.key(0), (3, 4), "float32").shape
    (3, 4)
    """

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: DTypeLike) -> jax.Array:
        return ops.kaiming_uniform(key, _struct(shape, dtype), self.a, self.mode, self.nonlinearity)


@dataclasses.dataclass(frozen=True)
class SparseNormal(Initial):
    """Gaussian of standard deviation `std`, but zero in a share `sparsity` of the rows of each column of `(post, pre)`.

    Args:
        sparsity: that share, between 0 and 1.
        std: standard deviation of the others.

    Raises ValueError, when the value is drawn, for a shape without two axes or a share outside of 0 and 1. These zeros are
    first values only; a link such as `sparse` keeps them. Source: SPAIC, `sparse`.

    >>> int((SparseNormal(sparsity=0.5)(jax.random.key(0), (4, 3), "float32") == 0).sum())
    6
    """

    sparsity: float = 0.1
    std: float = 0.01

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: DTypeLike) -> jax.Array:
        return ops.sparse(key, _struct(shape, dtype), self.sparsity, self.std)


#: Every initial value by its name, which is SPAIC's where it is there.
INITIALS: dict[str, type[Initial]] = {
    "constant": Constant,
    "kaiming_normal": KaimingNormal,
    "kaiming_uniform": KaimingUniform,
    "lognormal": LogNormal,
    "normal": Normal,
    "sparse": SparseNormal,
    "truncated_normal": TruncatedNormal,
    "uniform": Uniform,
    "xavier_normal": XavierNormal,
    "xavier_uniform": XavierUniform,
}


def as_initial(value: object) -> Initial:
    """What stands for an `Initial`, as one: a number, an array, a name in any case, or the function of that name in ops.

    Raises:
        ValueError: an unknown name, with the nearest right one; a number that is not finite.
        TypeError: anything else.

    >>> as_initial("kaiming_normal") == as_initial(ops.kaiming_normal) == KaimingNormal()
    True
    >>> as_initial(0.5)
    Constant(value=0.5)
    """
    if isinstance(value, Initial):
        return value
    if isinstance(value, str):
        if value.lower() not in INITIALS:
            raise ValueError(unknown("initial value", value, INITIALS))
        return INITIALS[value.lower()]()
    if callable(value):
        names = [name for name, function in ops.INITIALISERS.items() if function is value]
        if not names:
            raise TypeError(f"the initial values that are functions are those of spaic_jax.ops.INITIALISERS, not {value!r}.")
        return INITIALS[names[0]]()
    array = np.asarray(value)
    if array.dtype.kind not in "biufc":
        raise TypeError(f"an initial value is a number, an array, a name or an Initial, not {value!r}.")
    if not np.isfinite(array).all():
        raise ValueError(f"an initial value must be finite, not {value!r}.")
    return Constant(array.item()) if array.ndim == 0 else Given(array)
