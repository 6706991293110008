"""What every surrogate gradient has in common, and how it is differentiated."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from spaic_jax._numbers import real
from spaic_jax._shapes import Array, Float

__all__ = ["Surrogate"]


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def _spike(surrogate: Surrogate, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    return surrogate.forward(x)


# A JVP that is linear in the tangent is all JAX needs: it transposes it for reverse
# mode, so one rule serves jvp, grad, vmap, jit and scan alike.
@_spike.defjvp
def _spike_jvp(surrogate: Surrogate, primals: tuple[jax.Array], tangents: tuple[jax.Array]) -> tuple[jax.Array, jax.Array]:
    (x,), (tangent,) = primals, tangents
    return _spike(surrogate, x), surrogate.derivative(x) * tangent


@dataclass(frozen=True)
class Surrogate(ABC):
    """A spike function: a step forward, a chosen factor backward.

    With ``x = V - V_th`` of any shape and any floating dtype,

        s(x)   = [x > 0], or [x >= 0] where ``fires_at_zero`` is true
        ds/dx := derivative(x)

    Spikes and derivative have the shape and dtype of ``x``. A surrogate is a frozen
    dataclass of plain numbers: it is hashable, equal to any other of the same class
    and numbers, and may be a static argument of ``jax.jit``.

    To write one, subclass as a frozen dataclass and define :meth:`derivative`; define
    :meth:`primitive` too where it has a closed form, so that :class:`Smooth` can check
    gradients with it.

    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Half(Surrogate):
    ...     def derivative(self, x):
    ...         return jnp.full_like(x, 0.5)
    >>> float(Half()(0.3)), float(jax.grad(Half())(0.3))
    (1.0, 0.5)
    """

    fires_at_zero: ClassVar[bool] = False

    def __call__(self, x: Float[ArrayLike, "*shape"]) -> Float[Array, "*shape"]:
        """Spikes of ``x = V - V_th``: 0 or 1, in the shape and dtype of ``x``.

        Raises:
            TypeError: if ``x`` is not of a real floating dtype.
        """
        x = jnp.asarray(x)
        if not jnp.issubdtype(x.dtype, jnp.floating):
            raise TypeError(
                f"{type(self).__name__} got x of dtype {x.dtype}, but needs a real floating dtype such as float32."
            )
        return _spike(self, x)

    def forward(self, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """The forward value alone, without the gradient rule."""
        return (x >= 0 if self.fires_at_zero else x > 0).astype(x.dtype)

    @abstractmethod
    def derivative(self, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """The factor that stands for ds/dx, in the shape and dtype of ``x``."""

    def primitive(self, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """A smooth function whose derivative is :meth:`derivative`.

        It is the integral from minus infinity, where that is finite, so it rises from 0
        to the area under the derivative.
        """
        raise NotImplementedError(
            f"{type(self).__name__} has no primitive, but Smooth needs a surrogate that defines primitive(x)."
        )


def check_positive(surrogate: Surrogate, field: str) -> None:
    """Make ``field`` a plain float, or raise ValueError if it is not positive and finite.

    Finite is meant in float32, where the reciprocal has to be finite too.
    """
    value = getattr(surrogate, field)
    try:
        number = real(value, field, least=1e-37, most=1e37)
    except ValueError:
        raise ValueError(
            f"{type(surrogate).__name__} got {field}={value!r}, but needs a positive, finite number (1e-37 to 1e37)."
        ) from None
    object.__setattr__(surrogate, field, number)


def check_flag(surrogate: Surrogate, field: str) -> None:
    """Raise TypeError if ``field`` is not True or False."""
    value = getattr(surrogate, field)
    if not isinstance(value, bool):
        raise TypeError(f"{type(surrogate).__name__} got {field}={value!r}, but needs True or False.")


def window(x: Float[Array, "*shape"], half_width: float, height: float = 1.0) -> Float[Array, "*shape"]:
    """``height`` where ``|x| < half_width`` and 0 elsewhere, in the dtype of ``x``."""
    return (jnp.abs(x) < half_width).astype(x.dtype) * height


def window_primitive(x: Float[Array, "*shape"], half_width: float, height: float = 1.0) -> Float[Array, "*shape"]:
    """The integral of :func:`window` from minus infinity to ``x``."""
    return (jnp.clip(x, -half_width, half_width) + half_width) * height


def hyperbola(z: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """``1 / (1 + |z|)^2``: of peak 1 and area 2."""
    slope = 1.0 / (1.0 + jnp.abs(z))
    return slope * slope


def hyperbola_primitive(z: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """The integral of :func:`hyperbola` from minus infinity to ``z``."""
    tail = 1.0 / (1.0 + jnp.abs(z))
    return jnp.where(z < 0, tail, 2.0 - tail)
