"""SigmoidGrad: the derivative of the logistic function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import jax

from spaic_jax._shapes import Array, Float
from spaic_jax.surrogate.base import Surrogate, check_positive

__all__ = ["SigmoidGrad"]


@dataclass(frozen=True)
class SigmoidGrad(Surrogate):
    r"""Derivative of a logistic function of slope alpha.

        s(x)  = [x >= 0]
        ds/dx = alpha sigma(alpha x) (1 - sigma(alpha x)),  sigma(z) = 1 / (1 + exp(-z))

    Args:
        alpha: steepness, positive. 1 is the default of SPAIC's class; SPAIC's ``sbp``
            learner passes 2 unless told otherwise.

    Source: SPAIC ``SigmoidGrad``.

    >>> import jax
    >>> spike = SigmoidGrad()
    >>> float(spike(0.0)), float(jax.grad(spike)(0.0))
    (1.0, 0.25)
    """

    fires_at_zero: ClassVar[bool] = True

    alpha: float = 1.0

    def __post_init__(self) -> None:
        check_positive(self, "alpha")

    def derivative(self, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        z = x * self.alpha
        # sigma(-z) rather than 1 - sigma(z), which is 0 in float32 from z = 17 on.
        return jax.nn.sigmoid(z) * jax.nn.sigmoid(-z) * self.alpha

    def primitive(self, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return jax.nn.sigmoid(x * self.alpha)
