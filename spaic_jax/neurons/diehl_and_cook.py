"""The fixed-point LIF of a neuromorphic chip."""

import dataclasses
from typing import ClassVar

import jax
import jax.numpy as jnp

from spaic_jax._shapes import PerNeuron
from spaic_jax.neurons.base import NeuronModel
from spaic_jax.neurons.fields import Parameter, first_value, parameter
from spaic_jax.neurons.state import shown, variable


def _whole(x: jax.Array) -> jax.Array:
    return jnp.round(x).astype(jnp.int32)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class DiehlAndCook(NeuronModel):
    """LIF neuron with an adaptive threshold in whole numbers, as on a chip: no gradient passes it.

    In one step, on int32 with `>>` the shift to the right,

        x = clip(I, weight_sum_min, weight_sum_max)
        thresh = thresh / 2, rounded down, where thresh > max_threshold
        V = (decay (V - v_rest) >> shift_voltage) + v_rest
        V = V + (weight_sum_coef x >> shift_weight_sum_coef)   where refrac_count <= 0
        refrac_count = refrac_count - 1
        O = V > thresh
        V = v_reset, refrac_count = reset_refrac, thresh = thresh + thresh_plus   where O
        V = max(V, lbound)

    `O` is 0 or 1 in float32, as that of any model, and every sample has thresholds of its own. SPAIC changes its first
    values in place, so that thresholds leak from one run into the next; nothing leaks here.

    Args:
        thresh, refrac_count: where these variables begin; `V` begins at `v_rest`.
        max_threshold: where the threshold is halved.
        decay, shift_voltage: the leak a step is `decay / 2^shift_voltage`.
        weight_sum_coef, shift_weight_sum_coef: likewise the gain of the input.
        weight_sum_min, weight_sum_max: range of the input.
        v_reset, v_rest: potentials after a spike and at rest.
        reset_refrac: refractory period in steps.
        thresh_plus: what a spike adds to the threshold.
        lbound: lowest potential.

    Source: SPAIC, `diehlAndCook`; after Diehl and Cook (2015).

    >>> print(DiehlAndCook(thresh=300).first_step(jnp.array([[1000.0, 5000.0]]), dt=1.0).O)
    [[0. 1.]]
    """

    class State(NeuronModel.State):
        V: PerNeuron = variable("v_rest", dtype="int32")
        thresh: PerNeuron = variable("thresh", dtype="int32")
        refrac_count: PerNeuron = variable("refrac_count", dtype="int32")
        O: PerNeuron = shown()

    spiking: ClassVar = True
    thresh: Parameter = first_value(213)
    refrac_count: Parameter = first_value(0)
    max_threshold: Parameter = parameter(4915)
    decay: Parameter = parameter(1013)
    shift_voltage: Parameter = parameter(10)
    weight_sum_coef: Parameter = parameter(154)
    shift_weight_sum_coef: Parameter = parameter(10)
    weight_sum_min: Parameter = parameter(-32767)
    weight_sum_max: Parameter = parameter(32767)
    v_reset: Parameter = parameter(0)
    v_rest: Parameter = parameter(0)
    reset_refrac: Parameter = parameter(5)
    thresh_plus: Parameter = parameter(66)
    lbound: Parameter = parameter(-32767)

    def step(self, state: State, current: PerNeuron) -> State:
        w = self.in_a_run(self.choices(), {name: _whole(getattr(self, name)) for name in self.parameter_fields()})
        x = jnp.clip(current.astype(jnp.int32), w.weight_sum_min, w.weight_sum_max)
        thresh = state.thresh >> (state.thresh > w.max_threshold).astype(jnp.int32)
        v = ((w.decay * (state.V - w.v_rest)) >> w.shift_voltage) + w.v_rest
        v = v + jnp.where(state.refrac_count <= 0, (w.weight_sum_coef * x) >> w.shift_weight_sum_coef, 0)
        fired = v > thresh
        return self.State(
            V=jnp.maximum(jnp.where(fired, w.v_reset, v), w.lbound),
            thresh=thresh + jnp.where(fired, w.thresh_plus, 0),
            refrac_count=jnp.where(fired, w.reset_refrac, state.refrac_count - 1),
            O=fired.astype(current.dtype),
        )
