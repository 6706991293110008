"""Initial values of which each number is drawn on its own from one distribution."""

import dataclasses
import math
from typing import ClassVar

import jax
import jax.numpy as jnp
from jax.typing import DTypeLike

from spaic_jax._numbers import real
from spaic_jax.program.initial.base import Initial


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
