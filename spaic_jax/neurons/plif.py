"""LIF whose membrane time constant is trained."""

import dataclasses

import jax
import jax.numpy as jnp

from spaic_jax._shapes import PerNeuron
from spaic_jax.neurons.base import coefficient
from spaic_jax.neurons.fields import OptionalParameter, Parameter, Value, extremes, parameter
from spaic_jax.neurons.refractory import RefractoryModel
from spaic_jax.neurons.reset import Reset, check_reset
from spaic_jax.neurons.state import variable


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class PLIF(RefractoryModel):
    """Parametric leaky integrate-and-fire neuron.

    $$ v_t = V_{t-1} + \\sigma(w) (I_t - (V_{t-1} - v_{reset})), \\qquad O_t = H(v_t - v_{th}), \\qquad
       V_t = \\mathrm{reset}(v_t, O_t) $$

    where sigma(w) = 1/tau_m is the leak a step: `tau_m` counts steps, whatever `dt`. `V` begins at rest.

    Args:
        tau_m: time constant in steps, above 1; w = -ln(tau_m - 1).
        w: what the paper trains: give `w=0.0` for tau_m = 2, and name it in the group's `parameter_variables`.
            `tau_m` says nothing then.
        v_th: threshold; a spike needs `v > v_th`.
        v_reset: potential after a hard reset, and that of rest.
        t_ref: refractory period, ms: see `RefractoryModel`.
        reset: `"hard"`, `"soft"` or `"none"`.
        compat: SPAIC's equations: the reset comes one step late, from the spike of the step before, to 0,
            where `V` rests and begins.
        detach_reset: let no gradient pass a soft reset.
        surrogate: surrogate gradient of the threshold.

    Raises:
        ValueError: a `tau_m` that is not above 1.

    Source: Fang et al., Incorporating learnable membrane time constant (ICCV 2021); SPAIC, `plif`, which cannot be built.

    >>> PLIF(w=0.0, v_th=0.5).parameters()["w"]
    0.0
    """

    class State(RefractoryModel.State):
        V: PerNeuron = variable("v_reset")
        O: PerNeuron = variable(0.0, where="compat")

    tau_m: Parameter = parameter(2.0, bounds=(1.0, None))
    w: OptionalParameter = parameter(None)
    v_th: Parameter = parameter(1.0)
    v_reset: Parameter = parameter(0.0, below="v_th")
    reset: Reset = "hard"
    compat: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        check_reset("PLIF", self.reset)
        if not (extremes(self.tau_m) > 1).all():
            raise ValueError(f"PLIF: tau_m must be above 1, not {self.tau_m}.")

    def first(self, state: str) -> Value | str:
        return 0.0 if self.compat and state == "V" else super().first(state)

    @coefficient
    def leak(self) -> jax.Array:
        return 1 / self.tau_m if self.w is None else jax.nn.sigmoid(self.w)

    def step(self, state: State, current: PerNeuron) -> State:
        if self.compat:
            v = self.leak * (current - state.V) + state.V
            return self.State(V=jnp.where(state.O > 0, jnp.zeros_like(v), v), O=self.spike(v - self.v_th), refrac=None)
        v = self.free(state, state.V + self.leak * (current - (state.V - self.v_reset)), state.V)
        spikes, refrac = self.fire(state, v - self.v_th)
        return self.State(V=self.reset_by(self.reset, v, spikes, self.v_th, self.v_reset), O=spikes, refrac=refrac)
