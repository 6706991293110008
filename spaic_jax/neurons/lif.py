"""Leaky integrate-and-fire."""

import dataclasses

import jax
import jax.numpy as jnp

from spaic_jax._shapes import PerNeuron
from spaic_jax.neurons.base import coefficient
from spaic_jax.neurons.fields import Parameter, parameter
from spaic_jax.neurons.refractory import RefractoryModel
from spaic_jax.neurons.reset import Reset, check_reset
from spaic_jax.neurons.state import variable


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class LIF(RefractoryModel):
    """Leaky integrate-and-fire neuron.

    $$ v_t = e^{-dt/\\tau_m} V_{t-1} + I_t, \\qquad O_t = H(v_t - v_{th}), \\qquad V_t = \\mathrm{reset}(v_t, O_t) $$

    The input is added whole (no factor 1 - e^{-dt/tau}), as in SPAIC's `lif`, so that rates depend on dt; `constantcurrentlif`
    with `integrator="exact"` has a resistance and a potential of rest instead. SPAIC ignores `v_reset`; here it holds.

    Args:
        tau_m: membrane time constant, ms.
        v_th: threshold, in units of `V`; a spike needs `v > v_th`.
        v_reset: potential after a hard reset.
        t_ref: refractory period, ms: see `RefractoryModel`.
        reset: `"hard"`, `"soft"` (subtract `v_th - v_reset`) or `"none"`.
        detach_reset: let no gradient pass a soft reset.
        surrogate: surrogate gradient of the threshold.

    Source: SPAIC, `lif`; Gerstner et al., Neuronal Dynamics (2014), section 1.3.

    >>> print(LIF(tau_m=20.0, reset="soft").first_step(jnp.array([[0.75, 1.5]]), dt=1.0).O)
    [[0. 1.]]
    """

    class State(RefractoryModel.State):
        V: PerNeuron = variable(0.0)

    tau_m: Parameter = parameter(8.0, positive=True)
    v_th: Parameter = parameter(1.0)
    v_reset: Parameter = parameter(0.0, below="v_th")
    reset: Reset = "hard"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_reset("LIF", self.reset)

    @coefficient
    def decay(self) -> jax.Array:
        return jnp.exp(-self.dt / self.tau_m)

    def step(self, state: State, current: PerNeuron) -> State:
        v = self.free(state, self.decay * state.V + current, state.V)
        spikes, refrac = self.fire(state, v - self.v_th)
        return self.State(V=self.reset_by(self.reset, v, spikes, self.v_th, self.v_reset), O=spikes, refrac=refrac)
