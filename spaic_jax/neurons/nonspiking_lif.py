"""A leaky integrator of a double-exponential current."""

import dataclasses
from typing import ClassVar

import jax

from spaic_jax._shapes import PerNeuron
from spaic_jax.neurons.base import NeuronModel, coefficient
from spaic_jax.neurons.double_exponential import Gains, gains, traces
from spaic_jax.neurons.fields import OptionalParameter, Parameter, parameter
from spaic_jax.neurons.integrators import check_stable
from spaic_jax.neurons.state import shown, variable


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class NonSpikingLIF(NeuronModel):
    """Leaky integrator that never spikes, behind a rising and decaying current.

    $$ M_t = e^{-dt/\\tau_p} M_{t-1} + V_0 I_t, \\quad S_t = e^{-dt/\\tau_q} S_{t-1} + V_0 I_t, \\quad
       P_t = M_t - S_t, \\quad V_t = V_{t-1} + \\frac{dt}{\\tau_m} (P_t - V_{t-1}) $$

    It has no spikes `O`; decoders read its `V`. V0 is that of `CLIF`. `V` moves by forward Euler, of order 1.

    Args:
        tau_p, tau_q: decay and rise time constants of the input, ms.
        tau_m: membrane time constant, ms.
        V0: gain of the input, as in `CLIF`.
        compat: SPAIC's equations: every step of the chain, from input to `V`, reads what the one before it was in the
            step before, so that `V` follows the input three steps late.

    Raises:
        ValueError: at build, a dt of more than 2 `tau_m`.

    Source: SPAIC, `nonspikinglif`.

    >>> import jax.numpy as jnp
    >>> round(float(NonSpikingLIF().first_step(jnp.ones((1, 1)), dt=1.0).M[0, 0]), 3)
    2.117
    """

    class State(NeuronModel.State):
        S: PerNeuron = variable(0.0)
        P: PerNeuron = variable(0.0)
        V: PerNeuron = variable(0.0)
        M: PerNeuron = shown()
        I: PerNeuron = variable(0.0, where="compat")
        Ilast: PerNeuron = variable(0.0, where="compat")

    output: ClassVar = "V"
    tau_p: Parameter = parameter(4.0, positive=True)
    tau_q: Parameter = parameter(1.0, positive=True)
    tau_m: Parameter = parameter(1.0, positive=True)
    V0: OptionalParameter = parameter(None)
    compat: bool = False

    @coefficient
    def rate(self) -> jax.Array:
        return self.dt / self.tau_m

    @coefficient
    def gains(self) -> Gains:
        return gains(self.tau_p, self.tau_q, self.dt, self.V0)

    def check_step(self, dt: float) -> None:
        check_stable("euler", dt, {"tau_m": self.tau_m})

    def step(self, state: State, current: PerNeuron) -> State:
        drive = self.gains.V0 * (state.Ilast if self.compat else current)
        m, s, potential = traces(self.gains, state.P, state.S, state.I if self.compat else drive)
        v = self.rate * ((state.P if self.compat else potential) - state.V) + state.V
        return self.State(M=m, S=s, P=potential, V=v, I=drive, Ilast=current)
