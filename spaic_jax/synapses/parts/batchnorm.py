"""Maps normalised over the batch."""

import dataclasses

import jax
import jax.numpy as jnp

from spaic_jax import ops
from spaic_jax._numbers import real, whole
from spaic_jax.plasticity import applied
from spaic_jax.program import Constant, Context, Fragment, Op, Site, Variable
from spaic_jax.synapses.base import numbers
from spaic_jax.synapses.parts.base import Synapse


def normalised(x: jax.Array, mean: jax.Array, var: jax.Array, weight: jax.Array, bias: jax.Array) -> jax.Array:
    """Maps by running statistics."""
    return ops.batchnorm2d(x, x.shape[1], mean, var, weight, bias, train=False)[0]


def normalised_by_batch(x: jax.Array, weight: jax.Array, bias: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Maps by their own statistics, and these."""
    none = jnp.zeros_like(weight)
    maps, mean, var = ops.batchnorm2d(x, x.shape[1], none, none, weight, bias, momentum=1.0)
    return maps, mean, var


def moved(batch: jax.Array, running: jax.Array, momentum: jax.Array) -> jax.Array:
    """How far a running value moves towards that of a batch."""
    return momentum * (batch.astype(running.dtype) - running)


@dataclasses.dataclass(frozen=True, kw_only=True)
class BatchNorm2d(Synapse):
    """Each map of `(C, H, W)` with mean 0 and variance 1, then scaled and shifted by parameters of its own.

    $$ O = \\gamma_c \\frac{I - \\mu_c}{\\sqrt{\\sigma_c^2 + 10^{-5}}} + \\beta_c $$

    In training (see `Simulator.train`) the statistics of each step are those of the batch, and the running ones move
    towards them; otherwise the running ones count. SPAIC has no running statistics, no scale and no shift.

    Args:
        num_features: number of maps; it may be left out.
        momentum: how far the running statistics move in a step.

    Raises:
        ValueError: what holds no maps, or not `num_features`.

    Source: SPAIC, `batchnorm2d`; Ioffe and Szegedy (2015).

    >>> BatchNorm2d().makes((3, 4, 4))
    (3, 4, 4)
    """

    num_features: int | None = None
    momentum: float = 0.1

    def __post_init__(self) -> None:
        object.__setattr__(self, "momentum", real(self.momentum, "BatchNorm2d: momentum", above=0, most=1))
        if self.num_features is not None:
            object.__setattr__(self, "num_features", whole(self.num_features, "BatchNorm2d: num_features"))

    def makes(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        if len(shape) != 3:
            raise ValueError(f"batchnorm2d needs maps (C, H, W), but gets {shape}.")
        if self.num_features not in (None, shape[0]):
            raise ValueError(f"batchnorm2d: num_features is {self.num_features}, but it gets {shape[0]} maps.")
        return shape

    def lower(self, site: Site, context: Context) -> Fragment:
        size, role = site.takes[:1], site.owner.role_of("scale")
        mean, var = (
            Variable(f"{site.name}.{name}", size, role="plastic", init=Constant(value))
            for name, value in (("running_mean", 0.0), ("running_var", 1.0))
        )
        scale = Variable(f"{site.name}.weight", size, role=role, init=Constant(1.0))
        shift = Variable(f"{site.name}.bias", size, role=role, init=Constant(0.0))
        (momentum,) = numbers(site, self, "momentum")
        parameters = (scale.name, shift.name)
        # What is normalised by the batch needs no running value, so that it stays out of their loop.
        batch = tuple(f"{v.name}.batch" for v in (mean, var))
        rows = (
            Op(
                site.target, normalised, (site.source, mean.name, var.name, *parameters), name=site.name, when="frozen"
            ),
            Op((site.target, *batch), normalised_by_batch, (site.source, *parameters), name=site.name, when="learning"),
            *(
                Op(f"{v.name}.change", moved, (of_batch, v.name, momentum.name), when="learning")
                for v, of_batch in zip((mean, var), batch, strict=True)
            ),
        )
        statistics = applied(mean.name, mean.bounds) + applied(var.name, var.bounds)
        return Fragment((mean, var, scale, shift, momentum), rows) + statistics
