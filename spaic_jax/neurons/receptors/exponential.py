"""A conductance that decays."""

import dataclasses

import jax
import jax.numpy as jnp

from spaic_jax._shapes import PerNeuron
from spaic_jax.neurons.base import coefficient
from spaic_jax.neurons.fields import Parameter, parameter
from spaic_jax.neurons.integrators import phi
from spaic_jax.neurons.receptors.base import Receptor


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class ExponentialReceptor(Receptor):
    """A conductance, or a current, that a spike raises by the weight and that decays.

    $$ \\tau g' = -g, \\qquad I = g (E - V) $$

    or I = g where `E` is `None`. The decay is exact at every dt; how the current acts within a step: see `Receptor`.

    Args:
        tau: time constant, ms; a number, one a neuron, or drawn.
        E: reversal potential, in the unit of the model's `V`, mV; `None` for a current of its own.
        g: what it begins with.

    Source: Vogels and Abbott (2005); NEST, `iaf_cond_exp` and `iaf_psc_exp`.

    >>> receptor = ExponentialReceptor(tau=5.0, E=0.0)
    >>> round(float(receptor.first_step(jnp.ones((1, 1)), jnp.full((1, 1), -60.0), dt=0.1).g[0, 0]), 4)
    0.9802
    """

    tau: Parameter = parameter(5.0, positive=True)

    @coefficient
    def decay(self) -> jax.Array:
        return jnp.exp(-self.dt / self.tau)

    @coefficient
    def mean(self) -> jax.Array:
        return phi(-self.dt / self.tau)

    def step(self, state: Receptor.State, increment: PerNeuron, v: PerNeuron) -> Receptor.State:
        g = state.g + increment
        current = self.current(self.mean * g, v)
        return self.State(g=self.decay * g, I=current, O=current)
