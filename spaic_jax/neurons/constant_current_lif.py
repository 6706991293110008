"""LIF in the form of a forward Euler step."""

import dataclasses

import jax

from spaic_jax._shapes import PerNeuron
from spaic_jax.neurons.base import coefficient
from spaic_jax.neurons.fields import Parameter, parameter
from spaic_jax.neurons.integrators import check_stable
from spaic_jax.neurons.refractory import RefractoryModel
from spaic_jax.neurons.state import variable


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class ConstantCurrentLIF(RefractoryModel):
    """Leaky integrate-and-fire neuron whose potential tends to its input.

    $$ v_t = V_{t-1} + \\frac{dt}{\\tau_m} (I_t - V_{t-1}), \\qquad O_t = H(v_t - v_{th}), \\qquad
       V_t = v_t (1 - O_t) + v_{reset} O_t $$

    A step is one of forward Euler, of order 1, with the input held for the step.

    Args:
        tau_m: membrane time constant, ms.
        v_th: threshold; a spike needs `v > v_th`.
        v_reset: potential after a spike.
        t_ref: refractory period, ms: see `RefractoryModel`.
        compat: SPAIC's equations: the input of the step before, and a reset to 0 by the spike of the step before.
        detach_reset: let no gradient pass the reset.
        surrogate: surrogate gradient of the threshold; it passes the reset too, unless it is detached.

    Raises:
        ValueError: at build, a dt of more than 2 `tau_m`.

    Source: SPAIC, `constantcurrentlif`.

    >>> import jax.numpy as jnp
    >>> print(ConstantCurrentLIF().first_step(jnp.array([[15.0, 30.0]]), dt=1.0).O)
    [[0. 1.]]
    """

    class State(RefractoryModel.State):
        V: PerNeuron = variable(0.0)
        Ilast: PerNeuron = variable(0.0, where="compat")
        O: PerNeuron = variable(0.0, where="compat")

    tau_m: Parameter = parameter(20.0, positive=True)
    v_th: Parameter = parameter(1.0)
    v_reset: Parameter = parameter(0.0, below="v_th")
    compat: bool = False

    @coefficient
    def rate(self) -> jax.Array:
        return self.dt / self.tau_m

    def check_step(self, dt: float) -> None:
        super().check_step(dt)
        check_stable("euler", dt, {"tau_m": self.tau_m})

    def step(self, state: State, current: PerNeuron) -> State:
        if self.compat:
            v = self.rate * (state.Ilast - state.V) + state.V
            return self.State(V=v - v * self.gate(state.O), Ilast=current, O=self.spike(v - self.v_th), refrac=None)
        v = self.free(state, self.rate * (current - state.V) + state.V, state.V)
        spikes, refrac = self.fire(state, v - self.v_th)
        v = self.replaced(v, spikes, self.v_reset)
        return self.State(V=v, Ilast=current, O=spikes, refrac=refrac)
