"""Integrate-and-fire without leak."""

import dataclasses

from spaic_jax._shapes import PerNeuron
from spaic_jax.neurons.fields import Parameter, parameter
from spaic_jax.neurons.refractory import RefractoryModel
from spaic_jax.neurons.reset import Reset, check_reset
from spaic_jax.neurons.state import variable


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class IF(RefractoryModel):
    """Integrate-and-fire neuron.

    $$ v_t = V_{t-1} + R I_t - c, \\qquad O_t = H(v_t - v_{th}), \\qquad V_t = \\mathrm{reset}(v_t, O_t) $$

    Args:
        v_th: threshold; a spike needs `v > v_th`.
        v_reset: potential after a hard reset.
        R: by which the input of a step is multiplied; the resistance times dt of an input that is held for the step.
        ConstantDecay: `c`, what the potential loses every step.
        t_ref: refractory period, ms: see `RefractoryModel`.
        reset: `"hard"`, `"soft"` or `"none"`.
        detach_reset: let no gradient pass a soft reset.
        surrogate: surrogate gradient of the threshold.

    Source: SPAIC, `if`.

    >>> import jax.numpy as jnp
    >>> print(IF(v_th=2.0).first_step(jnp.array([[1.5, 3.0]]), dt=1.0).O)
    [[0. 1.]]
    """

    class State(RefractoryModel.State):
        V: PerNeuron = variable(0.0)

    v_th: Parameter = parameter(1.0)
    v_reset: Parameter = parameter(0.0, below="v_th")
    R: Parameter = parameter(1.0)
    ConstantDecay: Parameter = parameter(0.0)
    reset: Reset = "hard"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_reset(type(self).__name__, self.reset)

    def step(self, state: State, current: PerNeuron) -> State:
        v = self.free(state, (state.V + self.R * current) - self.ConstantDecay, state.V)
        spikes, refrac = self.fire(state, v - self.v_th)
        return self.State(V=self.reset_by(self.reset, v, spikes, self.v_th, self.v_reset), O=spikes, refrac=refrac)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class IFSoftReset(IF):
    """`IF` that subtracts the threshold after a spike.

    SPAIC's `ifsoftreset` resets to zero in spite of its name; this one is soft. The values of SPAIC's are those of `IF()`
    here, and its gradient is that of `IFB()`: it passes SPAIC's reset, where that of `IF()` is stopped.

    >>> import jax.numpy as jnp
    >>> print(IFSoftReset().first_step(jnp.array([[0.75, 1.5]]), dt=1.0).O)
    [[0. 1.]]
    """

    reset: Reset = "soft"
