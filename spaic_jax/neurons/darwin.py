"""Models of the Darwin neuromorphic chip, which share its arithmetic: roundings, and registers of 16 bits and a sign."""

import dataclasses
from collections.abc import Mapping
from types import SimpleNamespace
from typing import ClassVar

import jax
import jax.numpy as jnp

from spaic_jax.neurons.base import First, Parameter, parameter
from spaic_jax.neurons.reset import ResettingModel
from spaic_jax.program import Uniform


def whole(x: jax.Array) -> jax.Array:
    """The nearest whole number, even at halves; the gradient is that of the identity."""
    return x + jax.lax.stop_gradient(jnp.round(x) - x)


def register(x: jax.Array) -> jax.Array:
    """What a register of 16 bits and a sign holds of `x`."""
    return whole(jnp.clip(x + 2.0**15, 0.0, 2.0**16)) - 2.0**15


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class DarwinCLIF(ResettingModel):
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

    >>> DarwinCLIF().v_th
    16384.0
    """

    initial: ClassVar = {"V": Uniform(10000.0, 15000.0), "I": 0.0}
    tau_m: Parameter = parameter(12.0, positive=True)
    tau_s: Parameter = parameter(8.0, positive=True)
    bias: Parameter = parameter(0.0)
    v_th: Parameter = parameter(16384.0)
    compat: bool = False

    def states(self) -> Mapping[str, First]:
        return {**super().states(), "Ilast": 0.0} if self.compat else super().states()

    def coefficients(self, p: SimpleNamespace, dt: float) -> dict[str, jax.Array]:
        return {
            "P0": whole(256 * jnp.exp(-dt / p.tau_m)) / 256, "P4": whole(256 * jnp.exp(-dt / p.tau_s)) / 256,
            "P1": whole(p.bias * 2.0**15) / 2.0**15,
        }

    def potential(
        self, p: SimpleNamespace, state: SimpleNamespace, current: jax.Array
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        """The potential before the reset, and the variables of the input."""
        late = {"Ilast": current} if self.compat else {}
        i = register(state.I * p.P4 + (state.Ilast if self.compat else current))
        return register(state.V * p.P0 + i + p.P1), {"I": i, **late}

    def step(self, p: SimpleNamespace, state: SimpleNamespace, current: jax.Array) -> dict[str, jax.Array]:
        v, inputs = self.potential(p, state, current)
        spikes = self.spike(v - p.v_th)
        return {"V": v - v * self.gate(spikes), "O": spikes, **inputs}


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class DarwinALIF(DarwinCLIF):
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

    >>> DarwinALIF().tau_s
    8.0
    """

    initial: ClassVar = {"V": Uniform(-30000.0, 15000.0), "I": 0.0, "Vth": "v_th"}

    def coefficients(self, p: SimpleNamespace, dt: float) -> dict[str, jax.Array]:
        return super().coefficients(p, dt) | {"C1": whole(0.001 * p.v_th), "C2": whole(0.2 * p.v_th)}

    def step(self, p: SimpleNamespace, state: SimpleNamespace, current: jax.Array) -> dict[str, jax.Array]:
        v, inputs = self.potential(p, state, current)
        spikes = self.spike(v - (jax.lax.stop_gradient(state.Vth) if self.compat else state.Vth))
        return {"V": v - v * self.gate(spikes), "O": spikes, "Vth": 0.999 * state.Vth + p.C1 + spikes * p.C2, **inputs}


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

    initial: ClassVar = {"V": Uniform(10000.0, 15000.0)}
    random: ClassVar = True
    tau_m: Parameter = parameter(10.0, positive=True)
    std: Parameter = parameter(0.0)
    bias: Parameter = parameter(0.0)
    v_th: Parameter = parameter(15000.0)

    def coefficients(self, p: SimpleNamespace, dt: float) -> dict[str, jax.Array]:
        return {"P0": whole(2.0**16 * jnp.exp(-dt / p.tau_m)) / 2.0**16}

    def step(  # type: ignore[override]
        self, p: SimpleNamespace, state: SimpleNamespace, current: jax.Array, key: jax.Array
    ) -> dict[str, jax.Array]:
        noise = whole(p.std * jax.random.uniform(key, state.V.shape, state.V.dtype) - p.std / 2)
        v = p.P0 * state.V + noise + p.bias + current
        spikes = self.spike(v - p.v_th)
        return {"V": v - v * self.gate(spikes), "O": spikes}
