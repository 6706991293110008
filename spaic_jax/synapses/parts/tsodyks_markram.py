"""Synapses that tire and recover within seconds."""

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
class TsodyksMarkram(Dynamics):
    """Short-term plasticity: each spike uses a share `u` of the resources `x`, which recover.

    $$ \\dot x = \\frac{1 - x}{\\tau_{rec}}, \\quad \\dot u = \\frac{U - u}{\\tau_{facil}}, \\qquad
       \\text{at a spike } u \\leftarrow u + U (1 - u), \\; O = u x, \\; x \\leftarrow x - u x $$

    Between spikes the solution is exact. It comes before the link, one `u` and `x` a presynaptic neuron, and gives
    `O` in place of the spike. Depressing with a large `U` and `tau_rec`, facilitating with a small `U` and a large
    `tau_facil`.

    Args:
        U: share of resources that a spike uses at rest, between 0 and 1.
        tau_rec: time constant of the recovery of resources, ms.
        tau_facil: time constant of the decay of facilitation, ms.

    Raises:
        ValueError: a `U` outside of 0 and 1.

    Source: Tsodyks, Pawelzik and Markram, Neural networks with dynamic synapses (1998); defaults of Mongillo, Barak
    and Tsodyks (2008).

    >>> round(float(TsodyksMarkram(U=0.5, tau_rec=800.0).first_step(jnp.ones((1, 1)), dt=1.0).O[0, 0]), 3)
    0.75
    """

    presynaptic: ClassVar = True
    class State(Dynamics.State):
        u: PerNeuron = variable("U")
        x: PerNeuron = variable(1.0)

    U: Parameter = parameter(0.2, positive=True, bounds=(0.0, 1.0))
    tau_rec: Parameter = parameter(200.0, positive=True, bounds=(1e-3, None))
    tau_facil: Parameter = parameter(1500.0, positive=True, bounds=(1e-3, None))

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_between("U", 0.0, 1.0)

    @coefficient
    def recovery(self) -> jax.Array:
        return jnp.exp(-self.dt / self.tau_rec)

    @coefficient
    def forgetting(self) -> jax.Array:
        return jnp.exp(-self.dt / self.tau_facil)

    def step(self, state: State, current: PerNeuron) -> State:
        x = 1 - self.recovery * (1 - state.x)
        u = self.U + self.forgetting * (state.u - self.U)
        u = u + self.U * (1 - u) * current
        used = u * x * current
        return self.State(u=u, x=x - used, O=used)
