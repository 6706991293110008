"""LIF with a refractory period in steps."""

import dataclasses

import jax
import jax.numpy as jnp

from spaic_jax._shapes import PerNeuron
from spaic_jax.neurons.fields import Parameter, parameter
from spaic_jax.neurons.reset import ResettingModel
from spaic_jax.neurons.state import variable


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class LIFInt(ResettingModel):
    """LIF neuron that fires at the threshold and takes no input while refractory; exact on whole numbers.

    $$ v_t = d (V_{t-1} - v_{rest}) + v_{rest} + [r_{t-1} \\le 0] I_t, \\qquad O_t = [v_t \\ge thresh] $$

    and after a spike `V = v_reset`, `r = reset_refrac`, else `r` goes down by one. It holds float32, which is exact for
    whole numbers up to 2^24, and so gives what SPAIC computes in integers; other parameters work as well.

    Args:
        thresh: threshold; a spike needs `v >= thresh`.
        decay: `d`, a factor a step, whatever `dt`.
        v_reset, v_rest: potentials after a spike and at rest.
        reset_refrac: refractory period in steps.
        detach_reset: let no gradient pass the reset; none does anyway.
        surrogate: surrogate gradient of the threshold.

    Source: SPAIC, `lifint`.

    >>> print(LIFInt(thresh=300, reset_refrac=3).first_step(jnp.array([[250.0, 500.0]]), dt=1.0).O)
    [[0. 1.]]
    """

    class State(ResettingModel.State):
        V: PerNeuron = variable("v_rest")
        refrac_count: PerNeuron = variable(0.0, exact=True)

    thresh: Parameter = parameter(1)
    decay: Parameter = parameter(1)
    v_reset: Parameter = parameter(0)
    v_rest: Parameter = parameter(0)
    reset_refrac: Parameter = parameter(0)

    def step(self, state: State, current: PerNeuron) -> State:
        v = self.decay * (state.V - self.v_rest) + self.v_rest
        v = v + jnp.where(state.refrac_count > 0, jnp.zeros_like(current), current)
        # The surrogate's own value is that of v > thresh: it gives the gradient only.
        soft = self.spike(v - self.thresh)
        fired = v >= self.thresh
        spikes = soft + jax.lax.stop_gradient(fired.astype(v.dtype) - soft)
        return self.State(
            V=jnp.where(fired, self.v_reset, v),
            refrac_count=jnp.where(fired, self.reset_refrac, state.refrac_count - 1),
            O=spikes,
        )
