"""Generalised LIF with after-spike currents and a moving threshold."""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax._shapes import PerNeuron
from spaic_jax.neurons.base import coefficient
from spaic_jax.neurons.fields import Parameter, Value, parameter
from spaic_jax.neurons.integrators import check_stable
from spaic_jax.neurons.reset import ResettingModel
from spaic_jax.neurons.state import variable


class Rates(NamedTuple):
    """By what part each variable moves in a step."""

    v: jax.Array
    b_s: jax.Array
    k_1: jax.Array
    k_2: jax.Array
    a_v: jax.Array
    b_v: jax.Array


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class GLIF(ResettingModel):
    """Generalised leaky integrate-and-fire neuron (GLIF5), one forward Euler step at a time.

    $$ C V' = I + I_1 + I_2 - (V - E_L)/R, \\quad I_j' = -k_j I_j, \\quad \\Theta_s' = -b_s \\Theta_s, \\quad
       \\Theta_v' = a_v (V - E_L) - b_v \\Theta_v $$

    A spike is where `V > Vth = Theta_v + Theta_s + Theta_inf`, and there

    $$ V \\leftarrow E_L + f_v (V - E_L) - \\delta_v, \\quad I_j \\leftarrow f_j I_j + \\delta I_j, \\quad
       \\Theta_s \\leftarrow \\Theta_s + \\delta\\Theta_s. $$

    `V` begins at rest. The input is held for the step, and every variable is of order 1.

    Args:
        R, C: resistance and capacitance; R C is the membrane time constant, ms.
        E_L: potential of rest.
        Theta_inf: threshold at rest.
        f_v, delta_v: factor and offset of the reset.
        b_s, delta_Theta_s: decay, 1/ms, and step of the spike's part of the threshold.
        k_1, k_2: decays of the after-spike currents, 1/ms.
        delta_I1, delta_I2, f1, f2: steps and factors of the after-spike currents.
        a_v, b_v: coupling to the potential and decay of the potential's part of the threshold, 1/ms.
        detach_reset: let no gradient pass the reset of `V`; it passes those of the currents and of the threshold.
        compat: SPAIC's equations: the currents after a spike are `I_j + f_j I_j + delta_Ij`, `V` begins at 0, and no
            gradient passes the threshold.
        surrogate: surrogate gradient of the threshold; it passes the resets too.

    Raises:
        ValueError: at build, a dt of more than 2 time constants: `R C`, or the inverse of a decay.

    Source: Teeter et al., Generalized leaky integrate-and-fire models (2018); SPAIC, `glif`.

    >>> print(GLIF(f1=0.5).first_step(jnp.array([[50.0, 100.0]]), dt=1.0).O)
    [[0. 1.]]
    """

    class State(ResettingModel.State):
        V: PerNeuron = variable("E_L")
        Theta_s: PerNeuron = variable(0.1)
        Theta_v: PerNeuron = variable(0.2)
        I1: PerNeuron = variable(0.08)
        I2: PerNeuron = variable(0.06)
        Vth: PerNeuron = variable(1.0)

    R: Parameter = parameter(2.0, positive=True)
    C: Parameter = parameter(60.0, positive=True)
    E_L: Parameter = parameter(0.0)
    Theta_inf: Parameter = parameter(1.0)
    f_v: Parameter = parameter(0.1)
    delta_v: Parameter = parameter(0.05)
    b_s: Parameter = parameter(0.02)
    delta_Theta_s: Parameter = parameter(0.2)
    k_1: Parameter = parameter(0.8)
    k_2: Parameter = parameter(0.6)
    delta_I1: Parameter = parameter(0.1)
    delta_I2: Parameter = parameter(0.1)
    f1: Parameter = parameter(1.0)
    f2: Parameter = parameter(1.0)
    a_v: Parameter = parameter(0.12)
    b_v: Parameter = parameter(0.3)
    compat: bool = False

    def first(self, state: str) -> Value | str:
        return 0.0 if self.compat and state == "V" else super().first(state)

    def check_step(self, dt: float) -> None:
        decays = {f"1/{name}": np.asarray(getattr(self, name), float) for name in ("k_1", "k_2", "b_s", "b_v")}
        times = {name: 1 / rate[rate > 0] for name, rate in decays.items() if (rate > 0).any()}
        check_stable("euler", dt, {"R C": np.multiply(self.R, self.C), **times})

    @coefficient
    def rates(self) -> Rates:
        dt = self.dt
        return Rates(dt / self.C, dt * self.b_s, dt * self.k_1, dt * self.k_2, dt * self.a_v, dt * self.b_v)

    def step(self, state: State, current: PerNeuron) -> State:
        rates = self.rates
        i1 = state.I1 - rates.k_1 * state.I1
        i2 = state.I2 - rates.k_2 * state.I2
        above = state.V - self.E_L
        v = rates.v * (-above / self.R + i1 + i2 + current) + state.V
        theta_s = state.Theta_s - rates.b_s * state.Theta_s
        theta_v = (state.Theta_v + rates.a_v * above) - rates.b_v * state.Theta_v
        v_th = theta_v + theta_s + self.Theta_inf
        spikes = self.spike(v - (jax.lax.stop_gradient(v_th) if self.compat else v_th))
        kept1, kept2 = (jnp.zeros_like(i1),) * 2 if self.compat else (i1, i2)
        return self.State(
            V=self.gate(spikes) * ((self.f_v * (v - self.E_L) + self.E_L - self.delta_v) - v) + v,
            Theta_s=theta_s + self.delta_Theta_s * spikes,
            Theta_v=theta_v,
            I1=spikes * (self.f1 * i1 + self.delta_I1 - kept1) + i1,
            I2=spikes * (self.f2 * i2 + self.delta_I2 - kept2) + i2,
            Vth=v_th,
            O=spikes,
        )
