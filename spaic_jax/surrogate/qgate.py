"""QGateGrad: a triangle of peak alpha, the derivative of a quadratic gate."""

from __future__ import annotations

from dataclasses import dataclass

import jax.numpy as jnp

from spaic_jax._shapes import Array, Float
from spaic_jax.surrogate.base import Surrogate, check_positive

__all__ = ["QGateGrad"]


@dataclass(frozen=True)
class QGateGrad(Surrogate):
    r"""Triangle of peak alpha, half width 1/alpha and area 1.

        s(x)  = [x > 0]
        ds/dx = alpha - alpha^2 |x|   if |x| <= 1/alpha, else 0

    Args:
        alpha: height of the peak and inverse half width of the foot, positive.

    Source: SPAIC ``QGateGrad``.

    >>> import jax
    >>> spike = QGateGrad(alpha=2.0)
    >>> float(spike(0.25)), float(jax.grad(spike)(0.25)), float(jax.grad(spike)(0.6))
    (1.0, 1.0, 0.0)
    """

    alpha: float = 2.0

    def __post_init__(self) -> None:
        check_positive(self, "alpha")

    def derivative(self, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return jnp.maximum(1.0 - jnp.abs(x * self.alpha), 0.0) * self.alpha

    def primitive(self, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        u = jnp.clip(x * self.alpha, -1.0, 1.0)
        return 0.5 + u - 0.5 * u * jnp.abs(u)
