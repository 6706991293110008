"""Connections between spiking neurons and models of neural masses, whose output is a rate."""

import dataclasses
import math
from collections.abc import Sequence

import jax
import jax.numpy as jnp

from spaic_jax.program import Op, Variable
from spaic_jax.program.op import UPDATED
from spaic_jax.synapses.base import Ends, Weighted
from spaic_jax.synapses.full import Affine


@dataclasses.dataclass(frozen=True)
class _Rate:
    """`exp(-dt / tau) r + mean(s)`; a comparable function of arrays."""

    tau: float

    def __str__(self) -> str:
        return "rate"

    def __call__(self, rate: jax.Array, spikes: jax.Array, dt: jax.Array) -> jax.Array:
        return jnp.exp(-dt / self.tau) * rate + spikes.reshape(spikes.shape[0], -1).mean(1)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class SpikeToMass(Weighted):
    """The trace of the mean presynaptic activity, to each postsynaptic neuron with a weight of its own.

    $$ r^t = e^{-\\Delta t / \\tau_\\mathrm{syn}} r^{t-1} + \\frac{1}{N} \\sum_j s_j^t, \\qquad I_i = w_i r^t (+ b_i) $$

    Args:
        tau_syn: time constant of the trace, ms.
        weight: `(post, 1)` array, an initial value, or `None` for N(w_mean, w_std).
        w_mean, w_std: mean and standard deviation of the weights when `weight` is `None`.
        w_min, w_max: bounds of the weights.
        bias: one number a postsynaptic neuron, an initial value, or `None` for no bias.

    Raises:
        ValueError: a time constant that is not positive, or a shape that does not fit.

    Source: SPAIC, `spike2mass`, which takes 0.1 ms for every dt.

    >>> SpikeToMass(tau_syn=10.0).tau_syn
    10.0
    """

    tau_syn: float = 6.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.tau_syn < math.inf:
            raise ValueError(f"SpikeToMass: tau_syn must be positive, got {self.tau_syn!r}.")

    def lower(self, ends: Ends) -> tuple[Sequence[Variable], Sequence[Op]]:
        post = math.prod(ends.post_shape)
        variables = self.variables(ends, (post, 1), "post, 1", post)
        rate = Variable(f"{ends.name}.rate")
        inputs = (rate.name + UPDATED, *(variable.name for variable in variables))
        return [*variables, rate], [
            Op(rate.name, _Rate(self.tau_syn), (rate.name, ends.source, "[dt]"), name=f"{ends.name}.rate"),
            Op(ends.target, Affine(ends.post_shape), inputs, name=ends.name),
        ]


@dataclasses.dataclass(frozen=True)
class _Draw:
    """`sum_j [u_ij < r_j c dt] W_ij (+ b_i)`; a comparable function of a key and arrays."""

    unit_conversion: float
    post_shape: tuple[int, ...]

    def __str__(self) -> str:
        return "draw"

    def __call__(
        self, key: jax.Array, rate: jax.Array, weight: jax.Array, dt: jax.Array, bias: jax.Array | None = None
    ) -> jax.Array:
        batch = rate.shape[0]
        probability = rate.reshape(batch, 1, -1) * (self.unit_conversion * dt)
        fired = jax.random.uniform(key, (batch, *weight.shape), weight.dtype) < probability
        current = jnp.where(fired, weight[None], jnp.zeros_like(weight)[None]).sum(-1)
        return (current if bias is None else current + bias[None]).reshape(batch, *self.post_shape)


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
        if not 0 < self.unit_conversion < math.inf:
            raise ValueError(f"MassToSpike: unit_conversion must be positive, got {self.unit_conversion!r}.")

    def lower(self, ends: Ends) -> tuple[Sequence[Variable], Sequence[Op]]:
        shape = (math.prod(ends.post_shape), math.prod(ends.pre_shape))
        weight, *bias = self.variables(ends, shape, "post, pre", shape[0])
        inputs = (ends.source, weight.name, "[dt]", *(variable.name for variable in bias))
        draw = _Draw(self.unit_conversion, ends.post_shape)
        return [weight, *bias], [Op(ends.target, draw, inputs, name=ends.name, random=True)]
