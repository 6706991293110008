"""A conductance in the form of an alpha function."""

import dataclasses

import jax

from spaic_jax.neurons.fields import Parameter, parameter
from spaic_jax.neurons.receptors.dual_exponential import RisingReceptor


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class AlphaReceptor(RisingReceptor):
    """A conductance, or a current, that rises from 0 to the weight, `tau` after a spike, and decays.

    $$ g(t) = w \\frac{t}{\\tau} e^{1 - t/\\tau}, \\qquad I = g (E - V) $$

    or I = g where `E` is `None`. The propagator is exact at every dt. `x` is the slope at which `g` rises.

    Args:
        tau: time to the peak, ms; a number, one a neuron, or drawn.
        E: reversal potential, in the unit of the model's `V`, mV; `None` for a current of its own.
        g, x: what it begins with; both decay from there.

    Source: Rall (1967); Rotter and Diesmann (1999); NEST, `iaf_cond_alpha` and `iaf_psc_alpha`.

    >>> import jax.numpy as jnp
    >>> print(round(float(AlphaReceptor(tau=2.0).first_step(jnp.ones((1, 1)), jnp.zeros((1, 1)), dt=2.0).g[0, 0]), 4))
    1.0
    """

    tau: Parameter = parameter(2.0, positive=True)

    def times(self) -> tuple[jax.Array, jax.Array]:
        return self.tau, self.tau
