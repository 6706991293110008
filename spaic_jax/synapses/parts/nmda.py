"""A synaptic current through receptors that magnesium blocks at rest."""

import dataclasses
from typing import ClassVar

import jax
import jax.numpy as jnp

from spaic_jax._shapes import PerNeuron
from spaic_jax.neurons.base import coefficient
from spaic_jax.neurons.fields import Parameter, parameter
from spaic_jax.neurons.state import variable
from spaic_jax.synapses.parts.base import Dynamics


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class NMDA(Dynamics):
    """A conductance that rises, saturates and decays slowly, and that depends on the postsynaptic potential.

    $$ x_t = e^{-dt/\\tau_{rise}} x_{t-1} + I_t, \\qquad
       g_t = e^{-dt/\\tau_{decay}} g_{t-1} + dt\\, \\alpha\\, x_t (1 - g_{t-1}), \\qquad
       O_t = \\frac{g_{max}\\, g_t (E - V_{t-1})}{1 + \\frac{[Mg]}{3.57} e^{-0.062 V_{t-1}}} $$

    What comes in is a positive weight a spike; `g` is the share of open receptors of all synapses of a neuron, at most 1, and
    `g_max` the conductance where all are open. A conductance that does not saturate is the receptor `nmda` of a group.

    Args:
        tau_rise: time constant of the rise, ms.
        tau_decay: time constant of the decay, ms.
        alpha: rate at which receptors open, 1/ms.
        E: reversal potential, mV.
        Mg: concentration of magnesium, mM.
        g_max: maximal conductance, in the unit of the model, such as nS.

    Raises:
        ValueError: when the network is lowered, a postsynaptic model without a membrane potential `V`.

    Source: Jahr and Stevens (1990) for the block; Wang (1999) for the gating, here one a neuron.

    >>> round(float(NMDA(Mg=0.0).first_step(jnp.ones((1, 1)), jnp.zeros((1, 1)), dt=1.0).g[0, 0]), 3)
    0.5
    """

    receives: ClassVar = ("I", "V")
    class State(Dynamics.State):
        x: PerNeuron = variable(0.0)
        g: PerNeuron = variable(0.0)

    tau_rise: Parameter = parameter(2.0, positive=True, bounds=(1e-3, None))
    tau_decay: Parameter = parameter(100.0, positive=True, bounds=(1e-3, None))
    alpha: Parameter = parameter(0.5, positive=True, bounds=(0.0, None))
    E: Parameter = parameter(0.0)
    Mg: Parameter = parameter(1.0, bounds=(0.0, None))
    g_max: Parameter = parameter(1.0, bounds=(0.0, None))

    @coefficient
    def decay_x(self) -> jax.Array:
        return jnp.exp(-self.dt / self.tau_rise)

    @coefficient
    def decay_g(self) -> jax.Array:
        return jnp.exp(-self.dt / self.tau_decay)

    @coefficient
    def opening(self) -> jax.Array:
        return self.dt * self.alpha

    @coefficient
    def block(self) -> jax.Array:
        return self.Mg / 3.57

    def step(self, state: State, current: PerNeuron, v: PerNeuron) -> State:
        x = self.decay_x * state.x + current
        # More than all receptors cannot open within a step.
        opened = jnp.minimum(self.opening * x, 1.0) * (1 - state.g)
        g = self.decay_g * state.g + opened
        return self.State(x=x, g=g, O=self.g_max * g * (self.E - v) / (1 + self.block * jnp.exp(-0.062 * v)))
