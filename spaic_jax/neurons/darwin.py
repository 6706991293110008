"""Models of the Darwin neuromorphic chip, which share its arithmetic: roundings, and registers of 16 bits and a sign."""

import dataclasses
from typing import ClassVar

import jax
import jax.numpy as jnp

from spaic_jax._shapes import PerNeuron
from spaic_jax.neurons.base import coefficient
from spaic_jax.neurons.fields import Parameter, parameter
from spaic_jax.neurons.reset import ResettingModel
from spaic_jax.neurons.state import variable
from spaic_jax.program import Uniform


def whole(x: jax.Array) -> jax.Array:
    """The nearest whole number, even at halves; the gradient is that of the identity."""
    return x + jax.lax.stop_gradient(jnp.round(x) - x)


def register(x: jax.Array) -> jax.Array:
    """What a register of 16 bits and a sign holds of `x`."""
    return whole(jnp.clip(x + 2.0**15, 0.0, 2.0**16)) - 2.0**15


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class DarwinModel(ResettingModel):
    """The potential and the synaptic current in fixed point: see `DarwinCLIF`."""

    class State(ResettingModel.State):
        V: PerNeuron = variable(Uniform(10000.0, 15000.0))
        I: PerNeuron = variable(0.0)
        Ilast: PerNeuron = variable(0.0, where="compat")

    tau_m: Parameter = parameter(12.0, positive=True)
    tau_s: Parameter = parameter(8.0, positive=True)
    bias: Parameter = parameter(0.0)
    compat: bool = False

    @coefficient
    def P0(self) -> jax.Array:
        return whole(256 * jnp.exp(-self.dt / self.tau_m)) / 256

    @coefficient
    def P1(self) -> jax.Array:
        return whole(self.bias * 2.0**15) / 2.0**15

    @coefficient
    def P4(self) -> jax.Array:
        return whole(256 * jnp.exp(-self.dt / self.tau_s)) / 256

    def potential(self, state: State, current: PerNeuron) -> tuple[PerNeuron, PerNeuron]:
        """The potential before the reset, and the synaptic current."""
        i = register(state.I * self.P4 + (state.Ilast if self.compat else current))
        return register(state.V * self.P0 + i + self.P1), i


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class DarwinCLIF(DarwinModel):
    """LIF neuron with a synaptic current, in fixed point.

    $$ I_t = q(P_4 I_{t-1} + x_t), \\quad v_t = q(P_0 V_{t-1} + I_t + P_1), \\quad O_t = H(v_t - v_{th}), \\quad
       V_t = v_t (1 - O_t) $$

    where x is the input, q rounds and clips to 16 bits and a sign, the decays `P0 = exp(-dt/tau_m)` and
    `P4 = exp(-dt/tau_s)` are rounded to multiples of 1/256, and the bias `P1` to multiples of 1/2^15. `V` begins between
    10000 and 15000, at random. The gradient passes roundings as if they were not there.

    Args:
        tau_m, tau_s: time constants of the membrane and of the current, ms.
        bias: added in every step.
        v_th: threshold; a spike needs `v > v_th`.
        compat: SPAIC's equations: the input is that of the step before.
        detach_reset: let no gradient pass the reset.
        surrogate: surrogate gradient of the threshold; it passes the reset too, unless it is detached.

    Source: SPAIC, `darwin_clif`, where a misprint makes 7.5 out of the bias' 1/2^15.

    >>> print(DarwinCLIF().first_step(jnp.array([[2500.0, 5000.0]]), dt=1.0).O)
    [[0. 1.]]
    """

    v_th: Parameter = parameter(16384.0)

    def step(self, state: DarwinModel.State, current: PerNeuron) -> DarwinModel.State:
        v, i = self.potential(state, current)
        spikes = self.spike(v - self.v_th)
        return self.State(V=v - v * self.gate(spikes), O=spikes, I=i, Ilast=current)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class DarwinALIF(DarwinModel):
    """`DarwinCLIF` with a threshold that moves: `O_t = H(v_t - Vth_{t-1})` and

    $$ Vth_t = 0.999 Vth_{t-1} + C_1 + C_2 O_t $$

    with C1 = 0.001 v_th and C2 = 0.2 v_th rounded to whole numbers. `V` begins between -30000 and 15000, at random.

    Args:
        tau_m, tau_s: time constants of the membrane and of the current, ms.
        bias: added in every step.
        v_th: threshold at rest.
        compat: SPAIC's equations: the input is that of the step before, and no gradient passes the threshold.
        detach_reset: let no gradient pass the reset.
        surrogate: surrogate gradient of the threshold; it passes the reset too, unless it is detached.

    Source: SPAIC, `darwin_alif`.

    >>> print(DarwinALIF().first_step(jnp.array([[2500.0, 5000.0]]), dt=1.0).O)
    [[0. 1.]]
    """

    class State(DarwinModel.State):
        V: PerNeuron = variable(Uniform(-30000.0, 15000.0))
        Vth: PerNeuron = variable("v_th")

    v_th: Parameter = parameter(16384.0)


    @coefficient
    def C1(self) -> jax.Array:
        return whole(0.001 * self.v_th)

    @coefficient
    def C2(self) -> jax.Array:
        return whole(0.2 * self.v_th)

    def step(self, state: State, current: PerNeuron) -> State:
        v, i = self.potential(state, current)
        spikes = self.spike(v - (jax.lax.stop_gradient(state.Vth) if self.compat else state.Vth))
        return self.State(V=v - v * self.gate(spikes), O=spikes, Vth=0.999 * state.Vth + self.C1 + spikes * self.C2, I=i, Ilast=current)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class DarwinRandom(ResettingModel):
    """LIF neuron that noise drives, in fixed point.

    $$ v_t = P_0 V_{t-1} + \\mathrm{round}(\\sigma u_t - \\sigma / 2) + b + I_t, \\quad O_t = H(v_t - v_{th}), \\quad
       V_t = v_t (1 - O_t) $$

    with u uniform in [0, 1), drawn for every neuron, sample and step, and `P0 = exp(-dt/tau_m)` rounded to multiples of
    1/2^16. `V` begins between 10000 and 15000, at random. It needs no input; SPAIC's takes none.

    Args:
        tau_m: membrane time constant, ms.
        std: sigma, the range of the noise.
        bias: b, added in every step.
        v_th: threshold; a spike needs `v > v_th`.
        detach_reset: let no gradient pass the reset.
        surrogate: surrogate gradient of the threshold; it passes the reset too, unless it is detached.

    Source: SPAIC, `darwin_random`.

    >>> DarwinRandom(std=500.0).random
    True
    """

    class State(ResettingModel.State):
        V: PerNeuron = variable(Uniform(10000.0, 15000.0))

    random: ClassVar = True
    tau_m: Parameter = parameter(10.0, positive=True)
    std: Parameter = parameter(0.0)
    bias: Parameter = parameter(0.0)
    v_th: Parameter = parameter(15000.0)

    @coefficient
    def P0(self) -> jax.Array:
        return whole(2.0**16 * jnp.exp(-self.dt / self.tau_m)) / 2.0**16

    def step(self, state: State, current: PerNeuron, key: jax.Array) -> State:
        noise = whole(self.std * jax.random.uniform(key, state.V.shape, state.V.dtype) - self.std / 2)
        v = self.P0 * state.V + noise + self.bias + current
        spikes = self.spike(v - self.v_th)
        return self.State(V=v - v * self.gate(spikes), O=spikes)
