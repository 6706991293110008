"""STCA: a rectangular window of half width and inverse height alpha."""

from __future__ import annotations

from dataclasses import dataclass

from spaic_jax._shapes import Array, Float
from spaic_jax.surrogate.base import (
    Surrogate,
    check_flag,
    check_positive,
    window,
    window_primitive,
)

__all__ = ["STCA"]


@dataclass(frozen=True)
class STCA(Surrogate):
    r"""Rectangular window of spatio-temporal credit assignment.

        s(x)  = [x > 0]
        ds/dx = 1/alpha   if |x| < alpha, else 0      (published)
        ds/dx = 1         if |x| < alpha, else 0      (``compat=True``)

    The window is in the unit of the potential: with a model in millivolts, alpha has to
    be some millivolts too, or nearly every gradient is 0.

    Args:
        alpha: half width of the window, positive.
        compat: leave out 1/alpha, as SPAIC's program does (its documentation has it).

    Source: P. Gu, R. Xiao, G. Pan, H. Tang, "STCA: Spatio-Temporal Credit Assignment
    with Delayed Feedback in Deep Spiking Neural Networks", IJCAI 2019; SPAIC ``stca``.

    >>> import jax
    >>> spike = STCA(alpha=0.5)
    >>> float(spike(0.3)), float(jax.grad(spike)(0.3)), float(jax.grad(spike)(0.6))
    (1.0, 2.0, 0.0)
    >>> float(jax.grad(STCA(alpha=0.5, compat=True))(0.3))
    1.0
    """

    alpha: float = 0.5
    compat: bool = False

    def __post_init__(self) -> None:
        check_positive(self, "alpha")
        check_flag(self, "compat")

    @property
    def _height(self) -> float:
        return 1.0 if self.compat else 1.0 / self.alpha

    def derivative(self, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return window(x, self.alpha, self._height)

    def primitive(self, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return window_primitive(x, self.alpha, self._height)
