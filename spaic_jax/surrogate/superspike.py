"""SuperSpike: the square of a hyperbola of peak 1."""

from __future__ import annotations

from dataclasses import dataclass

from spaic_jax._shapes import Array, Float
from spaic_jax.surrogate.base import Surrogate, check_positive, hyperbola, hyperbola_primitive

__all__ = ["SuperSpike"]


@dataclass(frozen=True)
class SuperSpike(Surrogate):
    r"""Derivative of a fast sigmoid, scaled to a peak of 1.

        s(x)  = [x > 0]
        ds/dx = 1 / (1 + alpha |x|)^2

    A larger alpha makes it narrower and leaves the peak as it is: the area is 2 / alpha.
    :class:`FastSigmoidGrad` is the same curve with an area of 1.

    Args:
        alpha: steepness, positive. 25 is the default of snnTorch and Spyx; the paper has 1
            for potentials in millivolts, Norse 100.

    Source: F. Zenke, S. Ganguli, "SuperSpike: Supervised Learning in Multilayer Spiking
    Neural Networks", Neural Computation 30:1514, 2018.

    >>> import jax
    >>> spike = SuperSpike(alpha=10.0)
    >>> float(spike(0.1)), float(jax.grad(spike)(0.0)), float(jax.grad(spike)(0.1))
    (1.0, 1.0, 0.25)
    """

    alpha: float = 25.0

    def __post_init__(self) -> None:
        check_positive(self, "alpha")

    def derivative(self, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return hyperbola(x * self.alpha)

    def primitive(self, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return hyperbola_primitive(x * self.alpha) * (1.0 / self.alpha)
