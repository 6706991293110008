"""Initial values that depend on the shape of the weights, and the table of all initial values by name."""

import dataclasses
from typing import Any, Literal

import jax

from spaic_jax import ops
from spaic_jax._errors import unknown
from spaic_jax.program.initial import Constant, Initial, Normal, Uniform, as_initial


def _struct(shape: tuple[int, ...], dtype: Any) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(shape, dtype)


@dataclasses.dataclass(frozen=True)
class XavierNormal(Initial):
    """Gaussian with standard deviation `gain sqrt(2 / (fan_in + fan_out))`, for weights `(post, pre, ...)`.

    Raises ValueError, when the value is drawn, for a shape with fewer than two axes. Source: SPAIC, `xavier_normal`
    (which fails there); Glorot and Bengio (2010).

    >>> import jax
    >>> XavierNormal()(jax.random.key(0), (3, 4), "float32").shape
    (3, 4)
    """

    gain: float = 1.0

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
        return ops.xavier_normal(key, _struct(shape, dtype), self.gain)


@dataclasses.dataclass(frozen=True)
class XavierUniform(Initial):
    """Uniform within `gain sqrt(6 / (fan_in + fan_out))` of 0, for weights `(post, pre, ...)`. Errors as of `XavierNormal`.

    Source: SPAIC, `xavier_uniform`; Glorot and Bengio (2010).

    >>> XavierUniform(gain=2.0).gain
    2.0
    """

    gain: float = 1.0

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
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

    >>> KaimingNormal(nonlinearity="relu").mode
    'fan_in'
    """

    a: float = 0.0
    mode: Literal["fan_in", "fan_out"] = "fan_in"
    nonlinearity: str = "leaky_relu"

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
        return ops.kaiming_normal(key, _struct(shape, dtype), self.a, self.mode, self.nonlinearity)


@dataclasses.dataclass(frozen=True)
class KaimingUniform(KaimingNormal):
    """Uniform within `gain sqrt(3 / fan)` of 0. Arguments and errors as of `KaimingNormal`.

    Source: SPAIC, `kaiming_uniform`; He et al. (2015).

    >>> KaimingUniform().nonlinearity
    'leaky_relu'
    """

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
        return ops.kaiming_uniform(key, _struct(shape, dtype), self.a, self.mode, self.nonlinearity)


@dataclasses.dataclass(frozen=True)
class SparseNormal(Initial):
    """Gaussian of standard deviation `std`, but zero in a share `sparsity` of the rows of each column of `(post, pre)`.

    Raises ValueError, when the value is drawn, for a shape without two axes or a share outside of 0 and 1. These zeros are
    first values only; a link such as `sparse` keeps them. Source: SPAIC, `sparse`.

    >>> SparseNormal(sparsity=0.5).std
    0.01
    """

    sparsity: float = 0.1
    std: float = 0.01

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
        return ops.sparse(key, _struct(shape, dtype), self.sparsity, self.std)


INITIALS: dict[str, type[Initial]] = {
    "constant": Constant,
    "kaiming_normal": KaimingNormal,
    "kaiming_uniform": KaimingUniform,
    "normal": Normal,
    "sparse": SparseNormal,
    "uniform": Uniform,
    "xavier_normal": XavierNormal,
    "xavier_uniform": XavierUniform,
}


def resolve_initial(value: Any) -> Initial:
    """What stands for an `Initial`, as one: a number, an array, or with their usual settings a name in any case and a
    function of `spaic_jax.ops.INITIALISERS`.

    Raises:
        ValueError: an unknown name, with the nearest right one.
        TypeError: anything else.

    >>> resolve_initial("kaiming_normal") == resolve_initial(ops.kaiming_normal) == KaimingNormal()
    True
    """
    if callable(value) and not isinstance(value, Initial):
        names = [name for name, function in ops.INITIALISERS.items() if function is value]
        if not names:
            raise TypeError(f"the initial values that are functions are those of spaic_jax.ops.INITIALISERS, not {value!r}.")
        value = names[0]
    if not isinstance(value, str):
        return as_initial(value)
    if value.lower() not in INITIALS:
        raise ValueError(unknown("initial value", value, INITIALS))
    return INITIALS[value.lower()]()
