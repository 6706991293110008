"""A current of coloured noise."""

import dataclasses
from collections.abc import Callable
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax._shapes import Array, Float, Int
from spaic_jax.coding.generators.base import Generating, each
from spaic_jax.coding.values import Value
from spaic_jax.program import Context, Fragment, Op, Site, Variable


def emit(
    key: jax.Array, x: Float[Array, "batch *shape"], on: Float[Array, "batch *shape"], step: Int[Array, ""],
    mean: Float[Array, "..."], sigma: Float[Array, "..."], tau: Float[Array, "..."], *, dt: float,
) -> tuple[Float[Array, "batch *shape"], Float[Array, "batch *shape"]]:
    """The process in units of `sigma` after one step, and the current."""
    # First values are the same in all samples: where the process begins is drawn in the first step, in which nothing is left.
    decays = jnp.where(step == 0, jnp.inf, dt / each(on, tau))
    drawn = jax.random.normal(key, x.shape, tau.dtype)
    new = jnp.exp(-decays) * x + jnp.sqrt(-jnp.expm1(-2 * decays)) * drawn
    return new.astype(x.dtype), (each(on, mean) + each(on, sigma) * new).astype(on.dtype)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class OUNoise(Generating):
    """The process of Ornstein and Uhlenbeck: `tau x' = mean - x + sigma sqrt(2 tau) xi(t)`, with white noise xi.

    It is stationary from the first step, normal with mean `mean` and standard deviation `sigma`, and what it is two times
    `s` apart has the correlation `e^(-s / tau)`, at any step: the update is exact. Each neuron of each sample has noise of
    its own; many that are to have the same are connected to one `Generator(1, ...)`. A run that starts afresh draws anew where
    the process is.

    Args:
        mean: a number, or one a neuron.
        sigma: standard deviation, in units of the current, a number or one a neuron.
        tau: correlation time, ms, a number or one a neuron.

    Raises:
        ValueError: for values that are not finite, a `sigma` that is negative, a `tau` that is not positive.

    Source: Uhlenbeck and Ornstein (1930); Gillespie (1996), for the exact update.

    >>> OUNoise(sigma=0.5, tau=2.0).mean
    0.0
    """

    emit: ClassVar[Callable[..., Any]] = staticmethod(emit)
    random: ClassVar = True
    mean: Value = 0.0
    sigma: Value = 1.0
    tau: Value = 5.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if (np.asarray(self.sigma) < 0).any():
            raise ValueError(f"OUNoise: sigma must not be negative, got {self.sigma!r}.")
        if not (np.asarray(self.tau) > 0).all():
            raise ValueError(f"OUNoise: tau must be positive, got {self.tau!r}.")

    def lower(self, site: Site, context: Context) -> Fragment:
        """As of every source, and the process, a state."""
        made = super().lower(site, context)
        x = Variable(f"{site.name}.x", site.gives, narrow=False)
        (row,) = made.ops
        return Fragment(
            (*made.variables, x),
            (Op((x.name, *row.outputs), emit, (x.name, *row.inputs), random=True, settings=row.settings),),
        )
