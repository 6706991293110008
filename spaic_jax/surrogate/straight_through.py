"""StraightThroughEstimator: the step passes its gradient unchanged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import jax.numpy as jnp

from spaic_jax._shapes import Array, Float
from spaic_jax.surrogate.base import Surrogate

__all__ = ["StraightThroughEstimator"]


@dataclass(frozen=True)
class StraightThroughEstimator(Surrogate):
    r"""The identity backward.

        s(x)  = [x >= 0]
        ds/dx = 1

    Its primitive is x itself, since the integral from minus infinity does not exist.

    Source: Y. Bengio, N. Leonard, A. Courville, "Estimating or Propagating Gradients
    Through Stochastic Neurons for Conditional Computation", arXiv:1308.3432, 2013;
    SPAIC ``straight_through_estimator``.

    >>> import jax
    >>> spike = StraightThroughEstimator()
    >>> float(spike(-3.0)), float(jax.grad(spike)(-3.0))
    (0.0, 1.0)
    """

    fires_at_zero: ClassVar[bool] = True

    def derivative(self, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return jnp.ones_like(x)

    def primitive(self, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return x
