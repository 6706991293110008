"""LIF neurons of networks that learn by STDP."""

import dataclasses
from types import SimpleNamespace
from typing import ClassVar

import jax

from spaic_jax.neurons.base import Parameter, SpikingModel, parameter
from spaic_jax.neurons.reset import replace


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class LIFSTDPEx(SpikingModel):
    """Excitatory LIF neuron whose threshold grows with its spikes.

    $$ v_t = d_v (V_{t-1} - v_{rest}) + v_{rest} + I_t, \\quad O_t = H(v_t - (v_{th} + d_\\theta \\theta_{t-1})) $$
    $$ V_t = v_t (1 - O_t) + v_{reset} O_t, \\quad \\theta_t = d_\\theta \\theta_{t-1} + \\theta_{inc} O_t $$

    `theta` stays when a run starts afresh; `Vth_theta` is the threshold of the step.

    Args:
        v_th, v_reset, v_rest: potentials, mV.
        th_inc: what a spike adds to the threshold, mV.
        decay_th, decay_v: `d_theta` and `d_v`, factors a step, whatever `dt`.
        compat: SPAIC's equations: the threshold is that of the step before, and 0 in the first step.
        surrogate: surrogate gradient of the threshold; it passes the reset too.

    Source: Diehl and Cook, Unsupervised learning of digit recognition (2015); SPAIC, `lifstdp_ex`.

    >>> LIFSTDPEx().stay
    ('theta',)
    """

    initial: ClassVar = {"V": "v_rest", "theta": 0.0, "Vth_theta": 0.0}
    stay: ClassVar = ("theta",)
    v_th: Parameter = parameter(-52.0)
    v_reset: Parameter = parameter(-60.0)
    v_rest: Parameter = parameter(-65.0)
    th_inc: Parameter = parameter(0.05)
    decay_th: Parameter = parameter(0.9999999, bounds=(0.0, 1.0))
    decay_v: Parameter = parameter(0.9900498337491681, bounds=(0.0, 1.0))
    compat: bool = False

    def step(self, p: SimpleNamespace, state: SimpleNamespace, current: jax.Array) -> dict[str, jax.Array]:
        v = p.decay_v * (state.V - p.v_rest) + p.v_rest + current
        theta = p.decay_th * state.theta
        threshold = p.v_th + theta
        spikes = self.spike(v - (state.Vth_theta if self.compat else threshold))
        return {
            "V": replace(v, spikes, p.v_reset), "theta": theta + spikes * p.th_inc, "Vth_theta": threshold, "O": spikes,
        }


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class ALIFSTDPEx(SpikingModel):
    """Excitatory LIF neuron with a soft reset whose threshold grows in proportion to itself.

    $$ v_t = d_v (V_{t-1} - v_{rest}) + v_{rest} + I_t, \\quad T_t = v_{th} + d_\\theta \\theta_{t-1}, \\quad
       O_t = H(v_t - T_t) $$
    $$ V_t = v_t - v_{reset} O_t, \\quad \\theta_t = d_\\theta \\theta_{t-1} + \\theta_{inc} T_t O_t $$

    `theta` stays when a run starts afresh; `Vth_theta` is T.

    Args:
        v_th: threshold at rest.
        v_reset: what a spike takes from the potential.
        v_rest: potential of rest.
        th_inc: by which part of itself a spike raises the threshold.
        decay_th, decay_v: `d_theta` and `d_v`, factors a step, whatever `dt`.
        compat: SPAIC's equations: the threshold is that of the step before, and 2 in the first step.
        surrogate: surrogate gradient of the threshold; it passes the reset too.

    Source: SPAIC, `alifstdp_ex`.

    >>> ALIFSTDPEx(th_inc=0.01).th_inc
    0.01
    """

    initial: ClassVar = {"V": 0.0, "theta": 0.0, "Vth_theta": 2.0}
    stay: ClassVar = ("theta",)
    v_th: Parameter = parameter(2.0)
    v_reset: Parameter = parameter(2.0)
    v_rest: Parameter = parameter(0.0)
    th_inc: Parameter = parameter(0.001)
    decay_th: Parameter = parameter(0.99999, bounds=(0.0, 1.0))
    decay_v: Parameter = parameter(0.9900498337491681, bounds=(0.0, 1.0))
    compat: bool = False

    def step(self, p: SimpleNamespace, state: SimpleNamespace, current: jax.Array) -> dict[str, jax.Array]:
        v = p.decay_v * (state.V - p.v_rest) + p.v_rest + current
        theta = p.decay_th * state.theta
        threshold = p.v_th + theta
        compared = state.Vth_theta if self.compat else threshold
        spikes = self.spike(v - compared)
        return {
            "V": v - p.v_reset * spikes, "theta": theta + spikes * p.th_inc * compared, "Vth_theta": threshold, "O": spikes,
        }


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class LIFSTDPIh(SpikingModel):
    """Inhibitory LIF neuron.

    $$ v_t = d_v (V_{t-1} - v_{rest}) + v_{rest} + I_t, \\quad O_t = H(v_t - v_{th}), \\quad
       V_t = v_t (1 - O_t) + v_{reset} O_t $$

    Args:
        v_th, v_reset, v_rest: potentials, mV.
        decay_v: `d_v`, a factor a step, whatever `dt`.
        surrogate: surrogate gradient of the threshold; it passes the reset too.

    Source: Diehl and Cook, Unsupervised learning of digit recognition (2015); SPAIC, `lifstdp_ih`.

    >>> LIFSTDPIh().v_th
    -40.0
    """

    initial: ClassVar = {"V": "v_rest"}
    v_th: Parameter = parameter(-40.0)
    v_reset: Parameter = parameter(-45.0)
    v_rest: Parameter = parameter(-60.0)
    decay_v: Parameter = parameter(0.9048374180359595, bounds=(0.0, 1.0))

    def step(self, p: SimpleNamespace, state: SimpleNamespace, current: jax.Array) -> dict[str, jax.Array]:
        v = p.decay_v * (state.V - p.v_rest) + p.v_rest + current
        spikes = self.spike(v - p.v_th)
        return {"V": replace(v, spikes, p.v_reset), "O": spikes}
