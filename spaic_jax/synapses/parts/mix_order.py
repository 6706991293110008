"""A synaptic current with a fast and a slow part."""

import dataclasses

import jax
import jax.numpy as jnp

from spaic_jax._shapes import PerNeuron
from spaic_jax.neurons.base import coefficient
from spaic_jax.neurons.fields import Parameter, parameter
from spaic_jax.neurons.state import variable
from spaic_jax.synapses.parts.base import Dynamics


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class MixOrder(Dynamics):
    """A fast exponential that takes a part of the input, and is fed by a slow one that takes the rest.

    $$ S_t = e^{-dt/\\tau_s} S_{t-1} + \\frac{dt}{\\tau_s} (1 - \\rho^2) I_t, \\qquad
       R_t = e^{-dt/\\tau_r} R_{t-1} + \\frac{dt}{\\tau_r} (\\rho^2 I_t + S_t), \\qquad O_t = R_t $$

    `rho` 1 is an exponential synapse, `rho` 0 one that rises slowly.

    Args:
        tau_r: time constant of the fast part, ms.
        tau_s: time constant of the slow part, ms.
        rho: how much goes to the fast part at once, between 0 and 1.

    Raises:
        ValueError: a `rho` outside of 0 and 1.

    Source: SPAIC, `mix_order_synapse`, whose input is complex and carries `rho`; here it is a parameter.

    >>> round(float(MixOrder(rho=1.0).first_step(jnp.ones((1, 1)), dt=1.0).O[0, 0]), 3)
    0.5
    """

    class State(Dynamics.State):
        S: PerNeuron = variable(0.0)
        R: PerNeuron = variable(0.0)

    tau_r: Parameter = parameter(2.0, positive=True, bounds=(1e-3, None))
    tau_s: Parameter = parameter(25.0, positive=True, bounds=(1e-3, None))
    rho: Parameter = parameter(0.5, bounds=(0.0, 1.0))

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_between("rho", 0.0, 1.0)

    @coefficient
    def decay_r(self) -> jax.Array:
        return jnp.exp(-self.dt / self.tau_r)

    @coefficient
    def decay_s(self) -> jax.Array:
        return jnp.exp(-self.dt / self.tau_s)

    @coefficient
    def coupling(self) -> jax.Array:
        return self.dt / self.tau_r

    @coefficient
    def fast(self) -> jax.Array:
        return self.coupling * self.rho**2

    @coefficient
    def slow(self) -> jax.Array:
        return self.dt / self.tau_s * (1 - self.rho**2)

    def step(self, state: State, current: PerNeuron) -> State:
        s = self.decay_s * state.S + self.slow * current
        r = self.decay_r * state.R + self.fast * current + self.coupling * s
        return self.State(S=s, R=r, O=r)
