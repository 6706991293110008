"""Rate models: fields of neurons that have a rate instead of spikes, by one equation of `U`."""

import dataclasses
from typing import ClassVar

import jax

from spaic_jax._shapes import PerNeuron
from spaic_jax.neurons.base import NeuronModel, coefficient
from spaic_jax.neurons.fields import Parameter, parameter
from spaic_jax.neurons.integrators import check_stable
from spaic_jax.neurons.state import shown, variable


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class MeanField(NeuronModel):
    """A population's mean activity.

    $$ U_t = U_{t-1} + \\frac{dt}{\\tau} (\\rho I_t + I^{ext}_t - U_{t-1}), \\qquad O_t = \\max(U_t, 0) $$

    `O` is a rate. It receives two inputs: `Isyn`, weighed by rho, and `Iext`. A step is one of forward Euler, of order 1,
    with the input held for the step.

    Args:
        rho: density of the neurons.
        tau: time constant, ms.
        compat: SPAIC's equations: `I` is that of the step before.

    Raises:
        ValueError: at build, a dt of more than 2 `tau`.

    Source: SPAIC, `meanfield`.

    >>> MeanField().receives
    ('Isyn', 'Iext')
    """

    class State(NeuronModel.State):
        U: PerNeuron = variable(0.0)
        Ilast: PerNeuron = variable(0.0, where="compat")
        O: PerNeuron = shown()

    receives: ClassVar = ("Isyn", "Iext")
    rho: Parameter = parameter(0.1)
    tau: Parameter = parameter(1.0, positive=True)
    compat: bool = False

    @coefficient
    def rate(self) -> jax.Array:
        return self.dt / self.tau

    def check_step(self, dt: float) -> None:
        check_stable("euler", dt, {"tau": self.tau})

    def rates(self, u: PerNeuron) -> PerNeuron:
        """The rate of each neuron."""
        return jax.nn.relu(u)

    def step(self, state: State, current: PerNeuron, external: PerNeuron) -> State:
        u = self.rate * (self.rho * (state.Ilast if self.compat else current) + external - state.U) + state.U
        return self.State(U=u, Ilast=current, O=self.rates(u))


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class CANNField(MeanField):
    """A continuous attractor field: rates that all neurons of the group divide.

    $$ U_t = U_{t-1} + \\frac{dt}{\\tau} (\\rho I_t + I^{ext}_t - U_{t-1}), \\qquad
       O_t = \\frac{r_t}{1 + k \\rho \\sum_j r_{t,j}}, \\quad r_t = \\max(U_t, 0)^2 $$

    `O` is a rate. It receives two inputs: `Isyn`, weighed by rho, and `Iext`. The recurrent weights are a connection of
    the group with itself. A step is one of forward Euler, as in `MeanField`.

    Args:
        rho: density of the neurons.
        k: strength of the divisive inhibition.
        tau: time constant, ms.
        compat: SPAIC's equations: `I` is that of the step before, and the sum is multiplied by `k` alone.

    Source: Wu, Hamaguchi and Amari, Dynamics and computation of continuous attractors (2008); SPAIC, `cann_field`, which
    cannot be built.

    >>> import jax.numpy as jnp
    >>> round(float(CANNField().first_step(jnp.full((1, 1), 20.0), jnp.zeros((1, 1)), dt=1.0).O[0, 0]), 3)
    0.16
    """

    rho: Parameter = parameter(0.02)
    k: Parameter = parameter(0.01)

    def rates(self, u: PerNeuron) -> PerNeuron:
        """The rate of each neuron, divided by what the sample's whole group does."""
        r = jax.nn.relu(u) ** 2
        total = r.sum(axis=tuple(range(1, r.ndim)), keepdims=True)
        return r / (1 + self.k * (1.0 if self.compat else self.rho) * total)
