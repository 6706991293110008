"""ReLUGrad: a constant factor above threshold only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import jax.numpy as jnp

from spaic_jax._shapes import Array, Float
from spaic_jax.surrogate.base import Surrogate, check_positive

__all__ = ["ReLUGrad"]


@dataclass(frozen=True)
class ReLUGrad(Surrogate):
    r"""Derivative of a rectifier of slope alpha.

        s(x)  = [x >= 0]
        ds/dx = alpha   if x > 0, else 0

    Neurons below threshold get no gradient, so a silent network cannot learn to fire.

    Args:
        alpha: slope above threshold, positive.

    Source: SPAIC ``ReLUGrad``.

    >>> import jax
    >>> spike = ReLUGrad(alpha=2.0)
    >>> float(spike(0.0)), float(jax.grad(spike)(0.1)), float(jax.grad(spike)(0.0))
    (1.0, 2.0, 0.0)
    """

    fires_at_zero: ClassVar[bool] = True

    alpha: float = 2.0

    def __post_init__(self) -> None:
        check_positive(self, "alpha")

    def derivative(self, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return (x > 0).astype(x.dtype) * self.alpha

    def primitive(self, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return jnp.maximum(x, 0.0) * self.alpha
