"""Spikes with others among them."""

import dataclasses

import jax
import jax.numpy as jnp

from spaic_jax._numbers import real
from spaic_jax._shapes import Array, Num
from spaic_jax.data.augment.base import OfInputs


@dataclasses.dataclass(frozen=True, kw_only=True)
class Background(OfInputs):
    """Spikes that mean nothing, added at random where there is none.

    Attributes:
        chance: of a spike of a neuron in a step.

    Raises:
        ValueError: a chance that is not in 0 to 1.

    Example:
        >>> labels = jnp.array([0, 1])
        >>> spikes = Background(chance=0.2)(jax.random.key(0), {"cue": jnp.zeros((9, 2, 500))}, labels)[0]["cue"]
        >>> round(float(spikes.mean()), 1)
        0.2
    """

    chance: float = 0.01

    def __post_init__(self) -> None:
        object.__setattr__(self, "chance", real(self.chance, "chance of background spikes", least=0, most=1))

    def change(self, key: jax.Array, x: Num[Array, "time batch *sample"], name: str) -> Num[Array, "time batch *sample"]:
        """The spikes with others."""
        return jnp.maximum(x, jax.random.bernoulli(key, self.chance, x.shape).astype(x.dtype))
