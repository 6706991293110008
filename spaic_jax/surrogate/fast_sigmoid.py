"""FastSigmoidGrad: the derivative of the fast sigmoid."""

from __future__ import annotations

from dataclasses import dataclass

from spaic_jax._shapes import Array, Float
from spaic_jax.surrogate.base import Surrogate, check_positive, hyperbola, hyperbola_primitive

__all__ = ["FastSigmoidGrad"]


@dataclass(frozen=True)
class FastSigmoidGrad(Surrogate):
    r"""Derivative of the fast sigmoid (1 + z / (1 + |z|)) / 2 with z = alpha x.

        s(x)  = [x > 0]
        ds/dx = alpha / (2 (1 + alpha |x|)^2)

    Its tails are heavier than those of a sigmoid. A larger alpha makes it narrower and
    higher: the peak is alpha / 2 and the area is 1. What snnTorch calls a fast sigmoid is
    scaled to a peak of 1: :class:`SuperSpike`.

    Args:
        alpha: steepness, positive.

    Source: F. Zenke, T. P. Vogels, "The Remarkable Robustness of Surrogate Gradient
    Learning for Instilling Complex Function in Spiking Neural Networks", Neural
    Computation 33:899, 2021.

    >>> import jax
    >>> spike = FastSigmoidGrad(alpha=2.0)
    >>> float(spike(0.0)), float(jax.grad(spike)(0.0)), float(jax.grad(spike)(0.5))
    (0.0, 1.0, 0.25)
    """

    alpha: float = 2.0

    def __post_init__(self) -> None:
        check_positive(self, "alpha")

    def derivative(self, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return hyperbola(x * self.alpha) * (0.5 * self.alpha)

    def primitive(self, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return hyperbola_primitive(x * self.alpha) * 0.5
