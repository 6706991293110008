"""Quadratic integrate-and-fire."""

import dataclasses

import jax
import numpy as np

from spaic_jax._shapes import PerNeuron
from spaic_jax.neurons.base import coefficient
from spaic_jax.neurons.fields import Parameter, parameter
from spaic_jax.neurons.integrators import Integrator, advance, bounded, check_integrator, check_stable
from spaic_jax.neurons.refractory import RefractoryModel
from spaic_jax.neurons.state import MOST_MV, variable


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class QuadraticIF(RefractoryModel):
    """Quadratic (leaky) integrate-and-fire neuron.

    $$ \\tau_m V' = a_0 (V - v_{rest}) (V - v_c) + R I $$

    A spike is where `V > v_th`, the peak; there `V` becomes `v_reset`. SPAIC's
    `qlif` is a list of operations that was never finished; this is the published model.

    Args:
        tau_m: membrane time constant, ms.
        a_0: curvature, 1/mV.
        v_rest, v_c: potentials of rest and beyond which a spike is certain, mV.
        v_th: peak of a spike, mV.
        v_reset: potential after a spike, mV.
        R: resistance, mV per unit of input.
        t_ref: refractory period, ms: see `RefractoryModel`.
        integrator: `"euler"`, of order 1, `"exponential_euler"`, of order 2, or `"rk4"`, of order 4, with the input held for
            the step. The equation sees no `V` above `v_th`.
        detach_reset: let no gradient pass the reset.
        surrogate: surrogate gradient of the threshold; it passes the reset too, unless it is detached.

    Raises:
        ValueError: at build, a dt of more than 2 time constants of the membrane at rest, `tau_m / (a_0 (v_c - v_rest))`,
            with `"euler"`, or 2.785 with `"rk4"`.

    Source: Latham et al. (2000); Gerstner et al., Neuronal Dynamics (2014), section 5.3.

    >>> import jax.numpy as jnp
    >>> print(QuadraticIF().first_step(jnp.array([[500.0, 1000.0]]), dt=1.0).O)
    [[0. 1.]]
    """

    class State(RefractoryModel.State):
        V: PerNeuron = variable("v_rest", limit=MOST_MV)

    tau_m: Parameter = parameter(10.0, positive=True)
    a_0: Parameter = parameter(0.05, positive=True)
    v_rest: Parameter = parameter(-65.0)
    v_c: Parameter = parameter(-50.0)
    v_th: Parameter = parameter(0.0)
    v_reset: Parameter = parameter(-65.0, below="v_th")
    R: Parameter = parameter(1.0)
    integrator: Integrator = "euler"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_integrator(type(self).__name__, self.integrator)

    @coefficient
    def rate(self) -> jax.Array:
        return self.dt / self.tau_m

    def check_step(self, dt: float) -> None:
        super().check_step(dt)
        slope = np.multiply(self.a_0, np.abs(np.subtract(self.v_c, self.v_rest)))
        check_stable(self.integrator, dt, {"tau_m / (a_0 (v_c - v_rest))": self.tau_m / np.maximum(slope, 1e-30)})

    def step(self, state: State, current: PerNeuron) -> State:
        def derivatives(x: dict[str, jax.Array]) -> dict[str, jax.Array]:
            return {"V": self.a_0 * (x["V"] - self.v_rest) * (x["V"] - self.v_c) + self.R * current}

        v = advance(self.integrator, bounded(derivatives, "V", self.v_th), {"V": state.V}, self.rate)["V"]
        v = self.free(state, v, state.V)
        spikes, refrac = self.fire(state, v - self.v_th)
        return self.State(V=self.replaced(v, spikes, self.v_reset), O=spikes, refrac=refrac)
