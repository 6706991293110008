"""Exponential integrate-and-fire."""

import dataclasses

import jax

from spaic_jax._shapes import PerNeuron
from spaic_jax.neurons.aeif import leapt, upswing
from spaic_jax.neurons.base import coefficient
from spaic_jax.neurons.fields import Parameter, parameter
from spaic_jax.neurons.integrators import Integrator, advance, bounded, check_integrator, check_stable
from spaic_jax.neurons.refractory import RefractoryModel
from spaic_jax.neurons.state import MOST_MV, variable


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class ExponentialIF(RefractoryModel):
    """Exponential integrate-and-fire neuron.

    $$ \\tau_m V' = -(V - E_L) + \\Delta_T e^{(V - v_{th}) / \\Delta_T} + R I $$

    A spike is where `V > Vspk`; there `V` becomes `v_reset`.

    Args:
        tau_m: membrane time constant, ms.
        EL: potential of rest, mV.
        v_th: where the upswing begins, mV; a spike is counted at `Vspk` only.
        Vspk: peak of a spike, mV.
        v_reset: potential after a spike, mV.
        delta_t: sharpness of the upswing, mV.
        R: resistance, mV per unit of input.
        t_ref: refractory period, ms: see `RefractoryModel`.
        integrator: `"euler"`, of order 1, `"exponential_euler"`, of order 2, or `"rk4"`, of order 4, with the input held for
            the step. The equation sees no `V` above `Vspk`.
        detach_reset: let no gradient pass the reset.
        surrogate: surrogate gradient of the threshold; it passes the reset too, unless it is detached.

    Raises:
        ValueError: at build, a dt of more than 2 `tau_m` with `"euler"`, or 2.785 with `"rk4"`.

    Source: Fourcaud-Trocme et al., How spike generation mechanisms determine the neuronal response (2003).

    >>> import jax.numpy as jnp
    >>> print(ExponentialIF(t_ref=2.0).first_step(jnp.array([[500.0, 1000.0]]), dt=1.0).O)
    [[0. 1.]]
    """

    class State(RefractoryModel.State):
        V: PerNeuron = variable("EL", limit=MOST_MV)

    tau_m: Parameter = parameter(10.0, positive=True)
    EL: Parameter = parameter(-65.0)
    v_th: Parameter = parameter(-50.0)
    Vspk: Parameter = parameter(0.0)
    v_reset: Parameter = parameter(-65.0, below="Vspk")
    delta_t: Parameter = parameter(3.5, positive=True)
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
        check_stable(self.integrator, dt, {"tau_m": self.tau_m})

    def step(self, state: State, current: PerNeuron) -> State:
        def derivatives(x: dict[str, jax.Array]) -> dict[str, jax.Array]:
            return {"V": upswing(x["V"], self.v_th, self.delta_t) - (x["V"] - self.EL) + self.R * current}

        v = advance(self.integrator, bounded(derivatives, "V", self.Vspk), {"V": state.V}, self.rate)["V"]
        v = self.free(state, leapt(v, self.Vspk, self.delta_t), state.V)
        spikes, refrac = self.fire(state, v - self.Vspk)
        return self.State(V=self.replaced(v, spikes, self.v_reset), O=spikes, refrac=refrac)
