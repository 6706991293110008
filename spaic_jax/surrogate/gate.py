"""GateGrad: a window of half width 1/alpha and height 1."""

from __future__ import annotations

from dataclasses import dataclass

from spaic_jax._shapes import Array, Float
from spaic_jax.surrogate.base import (
    Surrogate,
    check_positive,
    window,
    window_primitive,
)

__all__ = ["GateGrad"]


@dataclass(frozen=True)
class GateGrad(Surrogate):
    r"""Rectangular window of half width 1/alpha.

        s(x)  = [x > 0]
        ds/dx = 1   if |x| < 1/alpha, else 0

    A larger alpha makes the gate narrower; :class:`RectangleGrad` is the same window
    with alpha as its half width.

    Args:
        alpha: inverse half width of the window, positive.

    Source: SPAIC ``GateGrad``, as it computes (its documentation describes another
    function).

    >>> import jax
    >>> spike = GateGrad(alpha=2.0)
    >>> float(spike(0.4)), float(jax.grad(spike)(0.4)), float(jax.grad(spike)(0.6))
    (1.0, 1.0, 0.0)
    """

    alpha: float = 2.0

    def __post_init__(self) -> None:
        check_positive(self, "alpha")

    def derivative(self, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return window(x, 1.0 / self.alpha)

    def primitive(self, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return window_primitive(x, 1.0 / self.alpha)
