"""LIF neurons that inhibit others, by a decay factor a step."""

import dataclasses

from spaic_jax._shapes import PerNeuron
from spaic_jax.neurons.fields import Parameter, parameter
from spaic_jax.neurons.reset import ResettingModel
from spaic_jax.neurons.state import MOST_MV, variable


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class LIFSTDPIh(ResettingModel):
    """Inhibitory LIF neuron of networks that learn by STDP, with a fixed threshold.

    $$ v_t = d_v (V_{t-1} - v_{rest}) + v_{rest} + I_t, \\quad O_t = H(v_t - v_{th}), \\quad
       V_t = v_t (1 - O_t) + v_{reset} O_t $$

    `V` begins at `v_rest`; SPAIC's begins at -60, whatever `v_rest`.

    Args:
        v_th, v_reset, v_rest: potentials, mV.
        decay_v: `d_v`, a factor a step, whatever `dt`.
        detach_reset: let no gradient pass the reset.
        surrogate: surrogate gradient of the threshold; it passes the reset too, unless it is detached.

    Source: Diehl and Cook, Unsupervised learning of digit recognition (2015); SPAIC, `lifstdp_ih`.

    >>> import jax.numpy as jnp
    >>> print(LIFSTDPIh().first_step(jnp.array([[15.0, 30.0]]), dt=1.0).O)
    [[0. 1.]]
    """

    class State(ResettingModel.State):
        V: PerNeuron = variable("v_rest", limit=MOST_MV)

    v_th: Parameter = parameter(-40.0)
    v_reset: Parameter = parameter(-45.0)
    v_rest: Parameter = parameter(-60.0)
    decay_v: Parameter = parameter(0.9048374180359595, bounds=(0.0, 1.0))

    def step(self, state: State, current: PerNeuron) -> State:
        v = self.decay_v * (state.V - self.v_rest) + self.v_rest + current
        spikes = self.spike(v - self.v_th)
        return self.State(V=self.replaced(v, spikes, self.v_reset), O=spikes)
