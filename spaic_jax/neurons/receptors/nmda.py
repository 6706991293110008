"""A conductance that magnesium blocks at rest."""

import dataclasses

import jax.numpy as jnp

from spaic_jax._shapes import PerNeuron
from spaic_jax.neurons.fields import Parameter, parameter
from spaic_jax.neurons.receptors.dual_exponential import DualExponentialReceptor


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class NMDAReceptor(DualExponentialReceptor):
    """A slow conductance that depends on the membrane potential: a difference of exponentials, blocked by magnesium.

    $$ I = \\frac{g_{max}\\, g (E - V)}{1 + \\frac{[Mg]}{3.57} e^{-0.062 V}} $$

    with `g` of `DualExponentialReceptor`, whose peak after one spike is the weight, and V in mV. It does not saturate; the
    synapse type `nmda` does.

    Args:
        tau_rise, tau_decay: time constants, ms; numbers, one a neuron, or drawn.
        E: reversal potential, mV.
        Mg: concentration of magnesium, mM.
        g_max: maximal conductance, of which `g` is the share that is open; 1 where weights are conductances.
        g, x: what it begins with.

    Source: Jahr and Stevens (1990) for the block.

    >>> print(NMDAReceptor(Mg=0.0, g_max=2.0, g=1.0).current(jnp.ones((1, 1)), jnp.full((1, 1), -60.0)))
    [[120.]]
    """

    tau_rise: Parameter = parameter(2.0, positive=True)
    tau_decay: Parameter = parameter(100.0, positive=True)
    E: Parameter = parameter(0.0)
    Mg: Parameter = parameter(1.0, bounds=(0.0, None))
    g_max: Parameter = parameter(1.0)

    def current(self, g: PerNeuron, v: PerNeuron) -> PerNeuron:
        # No exponent beyond 60, whose exponential and its gradient are finite in float32.
        block = self.Mg / 3.57 * jnp.exp(jnp.minimum(-0.062 * v, 60.0))
        return self.g_max * super().current(g, v) / (1 + block)
