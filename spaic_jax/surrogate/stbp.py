"""STBP: a Gaussian of variance alpha."""

from __future__ import annotations

import math
from dataclasses import dataclass

import jax
import jax.numpy as jnp

from spaic_jax._shapes import Array, Float
from spaic_jax.surrogate.base import Surrogate, check_flag, check_positive

__all__ = ["STBP"]


@dataclass(frozen=True)
class STBP(Surrogate):
    r"""Gaussian curve of spatio-temporal backpropagation (h4 of the paper).

        s(x)  = [x > 0]
        ds/dx = exp(-x^2 / (2 alpha)) / sqrt(2 pi alpha)     (published)
        ds/dx = exp(-x^2 / (2 alpha)) / (2 pi alpha)         (``compat=True``)

    Args:
        alpha: variance of the Gaussian, positive.
        compat: divide by 2 pi alpha, as SPAIC's program does, so that the area under
            the curve is 1 / sqrt(2 pi alpha) instead of 1.

    Source: Y. Wu, L. Deng, G. Li, J. Zhu, L. Shi, "Spatio-Temporal Backpropagation for
    Training High-Performance Spiking Neural Networks", Frontiers in Neuroscience 12:331,
    2018; SPAIC ``stbp``.

    >>> import jax
    >>> spike = STBP(alpha=0.5)
    >>> float(spike(0.0)), round(float(jax.grad(spike)(0.0)), 4)
    (0.0, 0.5642)
    >>> round(float(jax.grad(STBP(alpha=0.5, compat=True))(0.0)), 4)
    0.3183
    """

    alpha: float = 0.5
    compat: bool = False

    def __post_init__(self) -> None:
        check_positive(self, "alpha")
        check_flag(self, "compat")

    @property
    def _area(self) -> float:
        return 1.0 / math.sqrt(2.0 * math.pi * self.alpha) if self.compat else 1.0

    def derivative(self, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        peak = self._area / math.sqrt(2.0 * math.pi * self.alpha)
        return jnp.exp(x * x * (-0.5 / self.alpha)) * peak

    def primitive(self, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        z = x * (1.0 / math.sqrt(2.0 * self.alpha))
        return jax.scipy.special.erfc(-z) * (0.5 * self._area)
