"""AtanGrad: the derivative of the arctangent."""

from __future__ import annotations

import math
from dataclasses import dataclass

import jax.numpy as jnp

from spaic_jax._shapes import Array, Float
from spaic_jax.surrogate.base import Surrogate, check_positive

__all__ = ["AtanGrad"]


@dataclass(frozen=True)
class AtanGrad(Surrogate):
    r"""Derivative of a scaled arctangent; the default of SPAIC's ``sbp`` learner.

        s(x)  = [x > 0]
        ds/dx = alpha / (2 (1 + (pi alpha x / 2)^2))

    Args:
        alpha: steepness, positive; the peak is alpha / 2 and the area is 1.

    Source: W. Fang et al., "Incorporating Learnable Membrane Time Constant to Enhance
    Learning of Spiking Neural Networks", ICCV 2021 (its curve is alpha = 2); SPAIC
    ``AtanGrad``.

    >>> import jax
    >>> spike = AtanGrad(alpha=2.0)
    >>> float(spike(0.0)), float(jax.grad(spike)(0.0))
    (0.0, 1.0)
    """

    alpha: float = 2.0

    def __post_init__(self) -> None:
        check_positive(self, "alpha")

    def derivative(self, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        z = x * (0.5 * math.pi * self.alpha)
        return (0.5 * self.alpha) / (1.0 + z * z)

    def primitive(self, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return jnp.arctan(x * (0.5 * math.pi * self.alpha)) * (1.0 / math.pi) + 0.5
