"""TriangleGrad: a triangle with a damping factor."""

from __future__ import annotations

from dataclasses import dataclass

import jax.numpy as jnp

from spaic_jax._shapes import Array, Float
from spaic_jax.surrogate.base import Surrogate, check_positive

__all__ = ["TriangleGrad"]


@dataclass(frozen=True)
class TriangleGrad(Surrogate):
    r"""Triangle of half width alpha, damped, as of long short-term memory spiking networks.

        s(x)  = [x > 0]
        ds/dx = damping / alpha max(0, 1 - |x| / alpha)

    The peak is damping / alpha and the area is the damping: with 0.3 a gradient that goes
    through many steps of recurrent spikes fades rather than grows. :class:`QGateGrad` is the
    triangle of area 1, whose alpha is the inverse of this one.

    Args:
        alpha: half width of the foot, positive: the threshold in the paper, whose
            neurons rest at 0.
        damping: the area under the curve, positive.

    Source: G. Bellec, D. Salaj, A. Subramoney, R. Legenstein, W. Maass, "Long Short-Term
    Memory and Learning-to-Learn in Networks of Spiking Neurons", NeurIPS 2018; G. Bellec et
    al., "A Solution to the Learning Dilemma for Recurrent Networks of Spiking Neurons",
    Nature Communications 11:3625, 2020.

    >>> import jax
    >>> spike = TriangleGrad(alpha=2.0, damping=0.5)
    >>> float(spike(0.5)), float(jax.grad(spike)(0.0)), float(jax.grad(spike)(1.0))
    (1.0, 0.25, 0.125)
    """

    alpha: float = 1.0
    damping: float = 0.3

    def __post_init__(self) -> None:
        check_positive(self, "alpha")
        check_positive(self, "damping")

    def derivative(self, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return jnp.maximum(1.0 - jnp.abs(x * (1.0 / self.alpha)), 0.0) * (self.damping / self.alpha)

    def primitive(self, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        u = jnp.clip(x * (1.0 / self.alpha), -1.0, 1.0)
        return (0.5 + u - 0.5 * u * jnp.abs(u)) * self.damping
