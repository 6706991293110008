"""Training a parameter by a number that no bound holds back."""

import abc
import dataclasses
from types import MappingProxyType

import jax
import numpy as np

from spaic_jax._tables import resolve
from spaic_jax.neurons.fields import Range

#: Beyond it a sigmoid is 0 or 1 in float32, and its gradient no number to train by.
_FURTHEST = 16.0


class Reparametrisation(abc.ABC):
    """How a parameter follows from the free number that is trained in its place: increasing, and hashable."""

    @abc.abstractmethod
    def value(self, free: jax.Array, dt: float) -> jax.Array:
        """The parameter."""

    @abc.abstractmethod
    def free(self, value: np.ndarray, dt: float) -> np.ndarray:
        """The number that gives a value of the parameter, in float64."""

    def bounds_of(self, bounds: Range, dt: float) -> Range:
        """The bounds of the free number, from those of the parameter; both finite, as is then the gradient."""
        low, high = bounds
        lowest = -_FURTHEST if low is None else max(-_FURTHEST, float(self.free(np.asarray(low), dt)))
        highest = _FURTHEST if high is None else min(_FURTHEST, float(self.free(np.asarray(high), dt)))
        return lowest, highest


@dataclasses.dataclass(frozen=True)
class Sigmoid(Reparametrisation):
    """A time constant by its decay a step, which is a sigmoid of the free number w.

    $$ e^{-dt/\\tau} = \\sigma(w), \\qquad \\tau = dt / \\log(1 + e^{-w}), \\qquad w = -\\log(e^{dt/\\tau} - 1) $$

    Steps of an optimiser then move short and long time constants alike, and none becomes negative.

    Source: Fang et al., Incorporating learnable membrane time constant (ICCV 2021), for a leak of 1/tau.

    >>> tau = np.array(10.0)
    >>> w = Sigmoid().free(tau, dt=1.0)
    >>> round(float(w), 3), round(float(Sigmoid().value(np.float32(w), dt=1.0)), 3)
    (2.252, 10.0)
    """

    def value(self, free: jax.Array, dt: float) -> jax.Array:
        return dt / jax.nn.softplus(-free)

    def free(self, value: np.ndarray, dt: float) -> np.ndarray:
        rate = dt / np.asarray(value, np.float64)
        # log(e^x - 1) without overflow.
        return -(rate + np.log(-np.expm1(-rate)))


REPARAMETRISATIONS: MappingProxyType[str, type[Reparametrisation]] = MappingProxyType({"sigmoid": Sigmoid})


def resolve_reparametrisation(name: str) -> Reparametrisation:
    """The reparametrisation of a name.

    Raises:
        ValueError: an unknown name, with the nearest right one.
    """
    found: Reparametrisation = resolve("reparametrisation", REPARAMETRISATIONS, Reparametrisation, name, {})
    return found


def reparametrised(free: jax.Array, by: Reparametrisation, dt: float) -> jax.Array:
    """A parameter from the free number that is trained in its place."""
    return by.value(free, dt)
