"""Numbers with noise."""

import dataclasses

import jax

from spaic_jax._numbers import real
from spaic_jax._shapes import Array, Num
from spaic_jax.data.augment.base import OfInputs


@dataclasses.dataclass(frozen=True, kw_only=True)
class Noise(OfInputs):
    """Normal noise added to each number.

    Attributes:
        std: its standard deviation.

    Raises:
        ValueError: `std` that is negative.

    Example:
        >>> noisy = Noise(std=0.1)(jax.random.key(0), {"cue": jax.numpy.zeros((9, 2, 500))}, jax.numpy.array([0, 1]))[0]["cue"]
        >>> round(float(noisy.std()), 2)
        0.1
    """

    std: float = 0.1

    def __post_init__(self) -> None:
        object.__setattr__(self, "std", real(self.std, "std of noise", least=0))

    def change(self, key: jax.Array, x: Num[Array, "time batch *sample"], name: str) -> Num[Array, "time batch *sample"]:
        """The numbers with noise."""
        return x + self.std * jax.random.normal(key, x.shape, x.dtype)
