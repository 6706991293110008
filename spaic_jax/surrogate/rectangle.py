"""RectangleGrad: a window of half width alpha and height 1."""

from __future__ import annotations

from dataclasses import dataclass

from spaic_jax._shapes import Array, Float
from spaic_jax.surrogate.base import (
    Surrogate,
    check_positive,
    window,
    window_primitive,
)

__all__ = ["RectangleGrad"]


@dataclass(frozen=True)
class RectangleGrad(Surrogate):
    r"""Rectangular window of half width alpha.

        s(x)  = [x > 0]
        ds/dx = 1   if |x| < alpha, else 0

    A larger alpha lets more gradient through; in :class:`GateGrad` a smaller one does.

    Args:
        alpha: half width of the window, positive, in the unit of the potential.

    Source: SPAIC ``RectangleGrad``, as it computes (its documentation describes another
    function).

    >>> import jax
    >>> spike = RectangleGrad(alpha=2.0)
    >>> float(spike(1.5)), float(jax.grad(spike)(1.5)), float(jax.grad(spike)(2.5))
    (1.0, 1.0, 0.0)
    """

    alpha: float = 2.0

    def __post_init__(self) -> None:
        check_positive(self, "alpha")

    def derivative(self, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return window(x, self.alpha)

    def primitive(self, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return window_primitive(x, self.alpha)
