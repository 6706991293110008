"""A quadratic LIF with spike times within the step."""

import dataclasses

import jax
import jax.numpy as jnp

from spaic_jax._shapes import PerNeuron
from spaic_jax.neurons.base import coefficient
from spaic_jax.neurons.double_exponential import Gains, gains, traces
from spaic_jax.neurons.fields import Parameter, parameter
from spaic_jax.neurons.integrators import check_stable
from spaic_jax.neurons.reset import ResettingModel
from spaic_jax.neurons.state import shown, variable


def time_since(v: jax.Array, slope: jax.Array, v_th: jax.Array, spikes: jax.Array, dt: float) -> jax.Array:
    """How long before the end of the step `v`, which moves at `slope`, crossed the threshold; 0 without a spike.

    The crossing lies on a straight line through the end of the step, and within the step.
    """
    rising = (spikes > 0) & (slope > 1e-6)
    since = jnp.where(rising, (v - v_th) / jnp.where(rising, slope, jnp.ones_like(slope)), jnp.zeros_like(v))
    return jnp.clip(since, 0.0, dt)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class SELIF(ResettingModel):
    """Spike-event LIF neuron: quadratic, with a recovery trace, whose spikes have a time within the step.

    $$ M_t = e^{-dt/\\tau_p} M_{t-1} + V_0 I_t, \\quad S_t = e^{-dt/\\tau_q} S_{t-1} + V_0 I_t, \\quad
       P_t = M_t - S_t $$
    $$ R_t = e^{-dt/\\tau_r} R_{t-1} + (1 - e^{-dt/\\tau_r}) V_{t-1} + 10 (O_{t-1} - T_{t-1} / \\tau_r) $$
    $$ D_t = \\bigl(2\\,\\mathrm{clip}(V_{t-1}, -10, v_{th})^2 - V_{t-1} + P_t + 0.5 - 0.5 R_t\\bigr) / \\tau_m $$
    $$ V_t = V_{t-1} + dt\\, D_t - v_{th} (O_{t-1} - T_{t-1} / \\tau_m), \\qquad O_t = H(V_t - v_{th}) $$

    `T` is the time since the crossing of the threshold, `(V - v_th) / D` within the step, so that resets and traces have
    decayed, to first order, since the spike itself. V0 is that of `CLIF`. `V` moves by forward Euler, of order 1, and its
    constant drive of 0.5 makes it fire without input.

    SPAIC's `selif` cannot be built: it takes `O` and `T` from a learner that was never released. `T` is defined here.

    Args:
        tau_m: membrane time constant, ms.
        tau_p, tau_q: decay and rise time constants of the input, ms.
        tau_r: time constant of the recovery, ms.
        v_th: threshold; a spike needs `V > v_th`.
        detach_reset: let no gradient pass what a spike takes from `V`; it passes the recovery.
        surrogate: surrogate gradient of the threshold.

    Raises:
        ValueError: at build, a dt of more than 2 `tau_m`.

    Source: SPAIC, `selif`.

    >>> round(float(SELIF().first_step(jnp.ones((1, 1)), dt=1.0).M[0, 0]), 3)
    2.598
    """

    class State(ResettingModel.State):
        S: PerNeuron = variable(0.0)
        P: PerNeuron = variable(0.0)
        R: PerNeuron = variable(0.0)
        V: PerNeuron = variable(0.0)
        T: PerNeuron = variable(0.0)
        O: PerNeuron = variable(0.0)
        M: PerNeuron = shown()

    tau_m: Parameter = parameter(12.0, positive=True)
    tau_p: Parameter = parameter(6.0, positive=True)
    tau_q: Parameter = parameter(2.0, positive=True)
    tau_r: Parameter = parameter(16.0, positive=True)
    v_th: Parameter = parameter(1.0)

    @coefficient
    def decay_r(self) -> jax.Array:
        return jnp.exp(-self.dt / self.tau_r)

    @coefficient
    def gains(self) -> Gains:
        return gains(self.tau_p, self.tau_q, self.dt)

    def check_step(self, dt: float) -> None:
        check_stable("euler", dt, {"tau_m": self.tau_m})

    def step(self, state: State, current: PerNeuron) -> State:
        m, s, potential = traces(self.gains, state.P, state.S, self.gains.V0 * current)
        r = self.decay_r * state.R + (1 - self.decay_r) * state.V + 10 * (state.O - state.T / self.tau_r)
        bounded = jnp.clip(state.V, -10.0, self.v_th)
        slope = (2 * bounded * bounded - state.V + potential + 0.5 - 0.5 * r) / self.tau_m
        v = state.V + slope * self.dt - self.v_th * self.gate(state.O - state.T / self.tau_m)
        spikes = self.spike(v - self.v_th)
        since = time_since(v, slope, self.v_th, spikes, self.dt)
        return self.State(M=m, S=s, P=potential, R=r, V=v, T=since, O=spikes)
