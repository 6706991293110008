"""From models of neural masses, whose output is a rate, to spiking neurons."""

import dataclasses
import math

import jax
import jax.numpy as jnp

from spaic_jax._numbers import real
from spaic_jax.program import Context, Fragment, Op, Site
from spaic_jax.synapses.base import numbers
from spaic_jax.synapses.links.weighted import Weighted


def draw(
    key: jax.Array,
    rate: jax.Array,
    weight: jax.Array,
    conversion: jax.Array,
    dt: jax.Array,
    bias: jax.Array | None = None,
    *,
    shape: tuple[int, ...],
) -> jax.Array:
    """`sum_j [u_ij < r_j c dt] W_ij (+ b_i)`; `shape` is that of a sample of the current."""
    batch = rate.shape[0]
    probability = rate.reshape(batch, 1, -1) * (conversion * dt)
    fired = jax.random.uniform(key, (batch, *weight.shape), weight.dtype) < probability
    current = jnp.where(fired, weight[None], jnp.zeros_like(weight)[None]).sum(-1)
    return (current if bias is None else current + bias[None]).reshape(batch, *shape)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class MassToSpike(Weighted):
    """Spikes drawn from presynaptic rates, independently for each synapse and step.

    $$ I_i = \\sum_j [u_{ij} < c\\, r_j \\Delta t] W_{ij} (+ b_i), \\qquad u_{ij} \\sim U(0, 1) $$

    The weights have a gradient, the rates have none. With `unit_conversion` 1, rates are in spikes a ms.

    Args:
        unit_conversion: c, which turns the presynaptic output into spikes a ms.
        weight: `(post, pre)` array, an initial value, or `None` for N(w_mean, w_std).
        w_mean, w_std: mean and standard deviation of the weights when `weight` is `None`.
        w_min, w_max: bounds of the weights.
        bias: one number a postsynaptic neuron, an initial value, or `None` for no bias.

    Raises:
        ValueError: a conversion that is not positive, or a shape that does not fit.

    Source: SPAIC, `mass2spike`.

    >>> MassToSpike(unit_conversion=1e-3).unit_conversion  # rates in Hz
    0.001
    """

    unit_conversion: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(
            self, "unit_conversion", real(self.unit_conversion, "MassToSpike: unit_conversion", above=0)
        )

    def carry(self, site: Site, context: Context) -> Fragment:
        shape = (math.prod(site.gives), math.prod(site.takes))
        weight, *bias = self.variables(site, shape, "post, pre", shape[0])
        (conversion,) = numbers(site, self, "unit_conversion")
        inputs = (site.source, weight.name, conversion.name, "[dt]", *(variable.name for variable in bias))
        row = Op(site.target, draw, inputs, name=site.name, random=True, settings={"shape": site.gives})
        return Fragment((weight, *bias, conversion), (row,))
