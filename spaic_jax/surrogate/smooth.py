"""Smooth: a surrogate whose forward value agrees with its gradient."""

from __future__ import annotations

from dataclasses import dataclass

from spaic_jax._shapes import Array, Float
from spaic_jax.surrogate.base import Surrogate

__all__ = ["Smooth"]


@dataclass(frozen=True)
class Smooth(Surrogate):
    r"""The primitive of a surrogate in place of its step, for checks of gradients.

        s(x)  = surrogate.primitive(x)
        ds/dx = surrogate.derivative(x)

    With it a network is an ordinary differentiable function, so its gradients can be
    held against finite differences, which those of a step cannot. It is no spike
    function: its values are not 0 or 1.

    Args:
        surrogate: the surrogate to smooth; it must define ``primitive``.

    >>> import jax
    >>> from spaic_jax.surrogate.sigmoid import SigmoidGrad
    >>> f = Smooth(SigmoidGrad())
    >>> slope = (f(0.11) - f(0.09)) / 0.02
    >>> abs(float(slope - jax.grad(f)(0.1))) < 1e-4
    True
    """

    surrogate: Surrogate

    def __post_init__(self) -> None:
        if not isinstance(self.surrogate, Surrogate):
            raise TypeError(f"Smooth got {self.surrogate!r}, but needs a Surrogate such as STCA().")
        if type(self.surrogate).primitive is Surrogate.primitive:
            raise ValueError(
                f"Smooth got {self.surrogate!r}, which has no primitive, but needs a "
                "surrogate that defines primitive(x)."
            )

    def forward(self, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return self.surrogate.primitive(x)

    def derivative(self, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return self.surrogate.derivative(x)

    def primitive(self, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return self.surrogate.primitive(x)
