"""Spikes with a rate."""

import dataclasses
from typing import ClassVar

import jax

from spaic_jax._shapes import Array, Float, Int
from spaic_jax.coding.generators.base import Generating, check_chance, each
from spaic_jax.coding.values import Value


def emit(
    key: jax.Array, on: Float[Array, "batch *shape"], step: Int[Array, ""], rate: Float[Array, "..."], *, dt: float
) -> Float[Array, "batch *shape"]:
    """The spikes of one step."""
    return (jax.random.uniform(key, on.shape, rate.dtype) < each(on, rate) * dt).astype(on.dtype)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class PoissonRate(Generating):
    """A spike in each step with probability `rate * dt`: `rate` spikes a ms.

    Args:
        rate: a number, or one a neuron, 1/ms.

    Raises:
        ValueError: when it is made, rates that are not finite; when the network is lowered, rates that are negative or whose
            probability is above 1.

    Source: SPAIC, `poisson_generator2`, whose second plane of zeros (sub-step times) is left out.

    >>> PoissonRate(rate=0.01).rate
    0.01
    """

    emit: ClassVar = staticmethod(emit)
    random: ClassVar = True
    rate: Value = 1.0

    def check(self, name: str, dt: float) -> None:
        check_chance(name, self.rate, dt, "dt, in ms,")
