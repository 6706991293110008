"""Links with weights."""

import abc
import dataclasses
import math
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax._numbers import real
from spaic_jax.program import Context, Fragment, Given, Initial, Normal, Op, Site, Variable
from spaic_jax.program.initial import as_initial
from spaic_jax.program.variable import Dim
from spaic_jax.synapses.base import check_elements
from spaic_jax.synapses.links.base import Link

#: What the axes of weights that links name count; others have no name of their own.
_DIMS: dict[str, Dim] = {"post": "post", "pre": "pre", "pairs": "post", "out": "map", "synapses": "synapse", "blocks": "block"}


@jax.custom_jvp
def quantized(weight: jax.Array) -> jax.Array:
    """The nearest whole number, halves to the even one, within -128 ... 128; its gradient is that of the identity.

    >>> quantized(jnp.array([0.5, 1.5, -2.7, 300.0])).tolist()
    [0.0, 2.0, -3.0, 128.0]
    """
    return jnp.clip(jnp.round(weight), -128, 128)


@quantized.defjvp
def _quantized_jvp(primals: tuple[jax.Array], tangents: tuple[jax.Array]) -> tuple[jax.Array, jax.Array]:
    return quantized(*primals), tangents[0]


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Weighted(Link):
    """A link with weights.

    Args:
        weight: an array, an initial value or the name of one (such as `"kaiming_normal"`), or `None` for N(w_mean, w_std).
        w_mean, w_std: mean and standard deviation of the weights when `weight` is `None`.
        w_min, w_max: bounds of the weights.
        bias: an array, an initial value or the name of one, or `None` for no bias.
        weight_quantization: whether the link computes with whole numbers, which are the weights rounded (halves to the
            even one) and brought within -128 ... 128. What is trained stays a float, whose gradient is that of the
            whole number (straight through).
    """

    #: The variables that are weights, by the last part of their names.
    weights: ClassVar[tuple[str, ...]] = ("weight",)
    weight: Any = None
    bias: Any = None
    w_mean: float = 0.005
    w_std: float = 0.05
    w_min: float | None = None
    w_max: float | None = None
    weight_quantization: bool = False

    def __post_init__(self) -> None:
        kind = type(self).__name__
        for name, least in (("w_mean", -math.inf), ("w_std", 0.0), ("w_min", -math.inf), ("w_max", -math.inf)):
            if getattr(self, name) is not None or name in ("w_mean", "w_std"):
                object.__setattr__(self, name, real(getattr(self, name), f"{kind}: {name}", least=least))
        if self.w_min is not None and self.w_max is not None and self.w_min > self.w_max:
            raise ValueError(f"{kind}: w_min must not exceed w_max, got {self.w_min} and {self.w_max}.")
        for name in (*self.weights, "bias"):
            value = getattr(self, name)
            # Names and functions are looked up at once; an array waits until its shape is known.
            if isinstance(value, str) or callable(value):
                object.__setattr__(self, name, as_initial(value))
            elif value is not None:
                check_elements(value, f"{kind}: {name}")

    @abc.abstractmethod
    def carry(self, site: Site, context: Context) -> Fragment:
        """Variables and rows of the link as it is with unrounded weights."""

    def lower(self, site: Site, context: Context) -> Fragment:
        made = self.carry(site, context)
        if not self.weight_quantization:
            return made
        whole = {name: f"{name}.quantized" for name in (f"{site.name}.{weight}" for weight in self.weights)}
        return Fragment(ops=tuple(Op(new, quantized, name) for name, new in whole.items())) + made.reading(whole)

    def drawn(self) -> Initial:
        """How weights that are not given are drawn."""
        return Normal(self.w_mean, self.w_std)

    def variables(self, site: Site, shape: tuple[int, ...], axes: str, biases: int) -> tuple[Variable, ...]:
        """The weights of a shape, whose axes are called `axes`, and one bias for each of `biases`, if there are any.

        Raises:
            ValueError: when a given array has another shape.
        """
        weight = self.variable(site, "weight", shape, axes, self.drawn() if self.weight is None else self.weight)
        return (weight, *self.biases(site, biases))

    def biases(self, site: Site, count: int, axes: str = "post") -> tuple[Variable, ...]:
        """One bias for each of `count`, whose axis is called `axes`; none if the link has no bias."""
        return () if self.bias is None else (self.variable(site, "bias", (count,), axes, self.bias),)

    def variable(self, site: Site, name: str, shape: tuple[int, ...], axes: str, value: Any) -> Variable:
        """A variable that changes as the weights do, with the bounds of the weights if it is one of them.

        Raises:
            ValueError: when a given array has another shape, or an initial value cannot be drawn in this one.
        """
        init = as_initial(value)
        where = f"connection '{site.name}'"
        if isinstance(init, Given) and np.shape(init.value) != shape:
            raise ValueError(f"{where}: {name} has shape {np.shape(init.value)}, but needs {shape} ({axes}).")
        try:
            jax.eval_shape(lambda key: init(key, shape, jnp.float32), jax.eval_shape(lambda: jax.random.key(0)))
        except (OverflowError, TypeError, ValueError) as error:
            raise ValueError(f"{where}: {name} of shape {shape} ({axes}): {error}") from error
        return Variable(
            f"{site.name}.{name}", shape, role=site.owner.role_of(name), init=init,
            bounds=(self.w_min, self.w_max) if name in self.weights else (None, None),
            dims=tuple(_DIMS.get(axis) for axis in axes.split(", ")),
        )
