"""From spiking neurons to models of neural masses, whose output is a rate."""

import dataclasses
import math

import jax

from spaic_jax._numbers import real
from spaic_jax.program import Context, Fragment, Op, Site, Variable
from spaic_jax.program.op import UPDATED
from spaic_jax.synapses.base import numbers
from spaic_jax.synapses.links.weighted import Weighted
from spaic_jax.synapses.storage.dense import affine
from spaic_jax.synapses.traces import trace


def population_mean(spikes: jax.Array) -> jax.Array:
    """The mean over the neurons of a group, `[B]`."""
    return spikes.reshape(spikes.shape[0], -1).mean(1)


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
        object.__setattr__(self, "tau_syn", real(self.tau_syn, "SpikeToMass: tau_syn", above=0))

    def carry(self, site: Site, context: Context) -> Fragment:
        post = math.prod(site.gives)
        variables = self.variables(site, (post, 1), "post, 1", post)
        (tau,) = numbers(site, self, "tau_syn")
        rate, mean = Variable(f"{site.name}.rate"), f"{site.name}.mean"
        inputs = (rate.name + UPDATED, *(variable.name for variable in variables))
        return Fragment(
            (*variables, tau, rate),
            (
                Op(mean, population_mean, site.source, name=mean),
                Op(site.target, affine, inputs, name=site.name, settings={"shape": site.gives}),
            ),
        ) + trace(rate.name, tau.name, mean)
