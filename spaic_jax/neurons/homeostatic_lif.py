"""Excitatory LIF neurons that keep their rate in bounds: every spike raises the threshold, for long."""

import dataclasses

import jax

from spaic_jax._shapes import PerNeuron
from spaic_jax.neurons.fields import Parameter, Value, parameter
from spaic_jax.neurons.reset import ResettingModel
from spaic_jax.neurons.state import MOST_MV, variable


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class LIFSTDPEx(ResettingModel):
    """Excitatory LIF neuron whose threshold grows with its spikes.

    $$ v_t = d_v (V_{t-1} - v_{rest}) + v_{rest} + I_t, \\quad O_t = H(v_t - (v_{th} + d_\\theta \\theta_{t-1})) $$
    $$ V_t = v_t (1 - O_t) + v_{reset} O_t, \\quad \\theta_t = d_\\theta \\theta_{t-1} + \\theta_{inc} O_t $$

    `V` begins at `v_rest`. `theta` stays when a run starts afresh; `Vth_theta` is the threshold of the step.

    Args:
        v_th, v_reset, v_rest: potentials, mV.
        th_inc: what a spike adds to the threshold, mV.
        decay_th, decay_v: `d_theta` and `d_v`, factors a step, whatever `dt`.
        compat: SPAIC's equations: the threshold is that of the step before, and 0 in the first step; no gradient passes
            it; `V` begins at -65, whatever `v_rest`.
        detach_reset: let no gradient pass the reset; it passes that of the threshold.
        surrogate: surrogate gradient of the threshold; it passes the reset too, unless it is detached.

    Source: Diehl and Cook, Unsupervised learning of digit recognition (2015); SPAIC, `lifstdp_ex`.

    >>> LIFSTDPEx().states()["theta"].stay
    True
    """

    class State(ResettingModel.State):
        V: PerNeuron = variable("v_rest", limit=MOST_MV)
        theta: PerNeuron = variable(0.0, stay=True, exact=True)
        Vth_theta: PerNeuron = variable(0.0)

    v_th: Parameter = parameter(-52.0)
    v_reset: Parameter = parameter(-60.0)
    v_rest: Parameter = parameter(-65.0)
    th_inc: Parameter = parameter(0.05)
    decay_th: Parameter = parameter(0.9999999, bounds=(0.0, 1.0))
    decay_v: Parameter = parameter(0.9900498337491681, bounds=(0.0, 1.0))
    compat: bool = False

    def first(self, state: str) -> Value | str:
        return -65.0 if self.compat and state == "V" else super().first(state)

    def step(self, state: State, current: PerNeuron) -> State:
        v = self.decay_v * (state.V - self.v_rest) + self.v_rest + current
        theta = self.decay_th * state.theta
        threshold = self.v_th + theta
        spikes = self.spike(v - (jax.lax.stop_gradient(state.Vth_theta) if self.compat else threshold))
        v = self.replaced(v, spikes, self.v_reset)
        return self.State(V=v, theta=theta + spikes * self.th_inc, Vth_theta=threshold, O=spikes)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class ALIFSTDPEx(ResettingModel):
    """Excitatory LIF neuron with a soft reset whose threshold grows in proportion to itself.

    $$ v_t = d_v (V_{t-1} - v_{rest}) + v_{rest} + I_t, \\quad T_t = v_{th} + d_\\theta \\theta_{t-1}, \\quad
       O_t = H(v_t - T_t) $$
    $$ V_t = v_t - v_{reset} O_t, \\quad \\theta_t = d_\\theta \\theta_{t-1} + \\theta_{inc} T_t O_t $$

    `V` begins at `v_rest`. `theta` stays when a run starts afresh; `Vth_theta` is T.

    Args:
        v_th: threshold at rest.
        v_reset: what a spike takes from the potential.
        v_rest: potential of rest.
        th_inc: by which part of itself a spike raises the threshold.
        decay_th, decay_v: `d_theta` and `d_v`, factors a step, whatever `dt`.
        compat: SPAIC's equations: the threshold is that of the step before, and 2 in the first step; `O` passes it no
            gradient; `V` begins at 0, whatever `v_rest`.
        detach_reset: let no gradient pass the reset; it passes that of the threshold.
        surrogate: surrogate gradient of the threshold; it passes the reset too, unless it is detached.

    Source: SPAIC, `alifstdp_ex`.

    >>> import jax.numpy as jnp
    >>> print(ALIFSTDPEx(th_inc=0.01).first_step(jnp.array([[1.5, 3.0]]), dt=1.0).O)
    [[0. 1.]]
    """

    class State(ResettingModel.State):
        V: PerNeuron = variable("v_rest")
        theta: PerNeuron = variable(0.0, stay=True, exact=True)
        Vth_theta: PerNeuron = variable(2.0)

    v_th: Parameter = parameter(2.0)
    v_reset: Parameter = parameter(2.0)
    v_rest: Parameter = parameter(0.0)
    th_inc: Parameter = parameter(0.001)
    decay_th: Parameter = parameter(0.99999, bounds=(0.0, 1.0))
    decay_v: Parameter = parameter(0.9900498337491681, bounds=(0.0, 1.0))
    compat: bool = False

    def first(self, state: str) -> Value | str:
        return 0.0 if self.compat and state == "V" else super().first(state)

    def step(self, state: State, current: PerNeuron) -> State:
        v = self.decay_v * (state.V - self.v_rest) + self.v_rest + current
        theta = self.decay_th * state.theta
        threshold = self.v_th + theta
        compared = state.Vth_theta if self.compat else threshold
        spikes = self.spike(v - (jax.lax.stop_gradient(compared) if self.compat else compared))
        theta = theta + spikes * self.th_inc * compared
        return self.State(V=v - self.v_reset * self.gate(spikes), theta=theta, Vth_theta=threshold, O=spikes)
