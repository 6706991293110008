"""Initial values of weights, whose distribution the shape decides."""

import dataclasses
from typing import Literal

import jax
from jax.typing import DTypeLike

from spaic_jax import ops
from spaic_jax.program.initial.base import Initial


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
