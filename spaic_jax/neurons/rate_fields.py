"""Rate models: fields of neurons that have a rate instead of spikes, by one equation of `U`."""

import dataclasses
from collections.abc import Mapping
from types import SimpleNamespace
from typing import ClassVar

import jax

from spaic_jax.neurons.base import First, NeuronModel, Parameter, parameter
from spaic_jax.neurons.integrators import check_stable


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

    initial: ClassVar = {"U": 0.0}
    receives: ClassVar = ("Isyn", "Iext")
    rho: Parameter = parameter(0.1)
    tau: Parameter = parameter(1.0, positive=True)
    compat: bool = False

    def states(self) -> Mapping[str, First]:
        return {**super().states(), "Ilast": 0.0} if self.compat else super().states()

    def coefficients(self, p: SimpleNamespace, dt: float) -> dict[str, jax.Array]:
        return {"rate": dt / p.tau}

    def check_step(self, dt: float) -> None:
        check_stable("euler", dt, {"tau": self.tau})

    def rates(self, p: SimpleNamespace, u: jax.Array) -> jax.Array:
        """The rate of each neuron."""
        return jax.nn.relu(u)

    def step(self, p: SimpleNamespace, state: SimpleNamespace, current: SimpleNamespace) -> dict[str, jax.Array]:
        late = {"Ilast": current.Isyn} if self.compat else {}
        u = p.rate * (p.rho * (state.Ilast if self.compat else current.Isyn) + current.Iext - state.U) + state.U
        return {"U": u, "O": self.rates(p, u), **late}


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

    >>> CANNField().k
    0.01
    """

    rho: Parameter = parameter(0.02)
    k: Parameter = parameter(0.01)

    def rates(self, p: SimpleNamespace, u: jax.Array) -> jax.Array:
        """The rate of each neuron, divided by what the sample's whole group does."""
        r = jax.nn.relu(u) ** 2
        total = r.sum(axis=tuple(range(1, r.ndim)), keepdims=True)
        return r / (1 + p.k * (1.0 if self.compat else p.rho) * total)
