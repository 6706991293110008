"""A current of white noise."""

import dataclasses
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax._shapes import Array, Float, Int
from spaic_jax.coding.generators.base import Generating, each
from spaic_jax.coding.values import Value


def emit(
    key: jax.Array, on: Float[Array, "batch *shape"], step: Int[Array, ""], mean: Float[Array, "..."],
    sigma: Float[Array, "..."], *, dt: float,
) -> Float[Array, "batch *shape"]:
    """The current of one step."""
    drawn = jax.random.normal(key, on.shape, sigma.dtype)
    return (each(on, mean) + each(on, sigma) / jnp.sqrt(jnp.asarray(dt, sigma.dtype)) * drawn).astype(on.dtype)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class WhiteNoise(Generating):
    """`mean + sigma xi(t)`, with white noise xi: in each step a normal number of standard deviation `sigma / sqrt(dt)`.

    Its sum over a time has the same variance whatever the step, and so has a membrane that holds its input for the step,
    which is nearly all but those like `lif`, which add it whole and need a weight in proportion to dt: under
    `tau V' = -V + R I` it is `(R sigma)^2 / (2 tau)`. Each neuron of each sample has noise of its own; many that are to have
    the same are connected to one `Generator(1, ...)`.

    Args:
        mean: a number, or one a neuron.
        sigma: intensity, in units of the current times the square root of a ms, a number or one a neuron.

    Raises:
        ValueError: for values that are not finite, or a `sigma` that is negative.

    Source: Uhlenbeck and Ornstein (1930); Gerstner et al., Neuronal Dynamics (2014), section 8.1.

    >>> WhiteNoise(sigma=[0.1, 0.2]).mean
    0.0
    """

    emit: ClassVar = staticmethod(emit)
    random: ClassVar = True
    mean: Value = 0.0
    sigma: Value = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if (np.asarray(self.sigma) < 0).any():
            raise ValueError(f"WhiteNoise: sigma must not be negative, got {self.sigma!r}.")
