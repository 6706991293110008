"""Hodgkin-Huxley."""

import dataclasses
from types import SimpleNamespace
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax.neurons.base import Parameter, SpikingModel, first_value, parameter
from spaic_jax.neurons.integrators import Integrator, advance, check_integrator, check_stable, phi


def _exp(x: jax.Array) -> jax.Array:
    """Finite for every `x`, far beyond any potential of the model."""
    return jnp.exp(jnp.clip(x, -30.0, 30.0))


def _linoid(a1: jax.Array, a2: jax.Array, a3: jax.Array, u: jax.Array) -> jax.Array:
    """`a1 (a2 - u) / (exp((a2 - u) / a3) - 1)`, which is `a1 a3` at u = a2."""
    return a1 * a3 / phi(jnp.clip((a2 - u) / a3, -30.0, 30.0))


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class HH(SpikingModel):
    """Hodgkin-Huxley neuron.

    $$ V' = I - g_{NA} m^3 h (V - E_{NA}) - g_K n^4 (V - E_K) - g_L (V - E_L), \\qquad
       x' = \\alpha_x(u) (1 - x) - \\beta_x(u) x, \\quad x = m, n, h $$

    with `u = V + Vreset` in mV above rest, time in ms and a capacitance of 1 uF/cm^2, and

    $$ \\alpha_m = \\frac{0.1 (25 - u)}{e^{(25 - u)/10} - 1}, \\quad \\alpha_n = \\frac{0.01 (10 - u)}{e^{(10 - u)/10} - 1},
       \\quad \\alpha_h = 0.07 e^{-u/20} $$
    $$ \\beta_m = 4 e^{-u/18}, \\quad \\beta_n = 0.125 e^{-u/80}, \\quad \\beta_h = \\frac{1}{e^{(30 - u)/10} + 1} $$

    whose numbers are `alpha_m1` = 0.1, `alpha_m2` = 25, `alpha_m3` = 10 and so on. With `"euler"` and
    `"exponential_euler"` the gates move first, the potential then by the new gates. A spike is where `V` rises above
    `v_th`: one for each action potential.

    Args:
        V: where the potential begins, mV; at rest, `-Vreset`, when `None`.
        m, n, h: where the gates begin; at rest at that potential when `None`.
        v_th: height that an action potential reaches, mV; 50 when `None`, with `compat` 1.
        Vreset: offset of the potential, mV.
        g_NA, g_K, g_L: largest conductances, mS/cm^2.
        E_NA, E_K, E_L: reversal potentials, mV above rest.
        alpha_m1, alpha_m2, alpha_m3, beta_m1, beta_m2, beta_m3: numbers of the rates of `m`; likewise for `n` and `h`.
        integrator: `"exponential_euler"`, of order 2 from gates at rest and stable at 1 ms; `"euler"`, of order 1, or
            `"rk4"`, of order 4, which need steps of about 0.05 ms or less. The input is held for the step.
            `"exponential_euler"` when `None`, with `compat` `"euler"`.
        compat: SPAIC's equations: the input is added to `V` without `dt`, `O` is 1 for as long as `V > v_th`, and the state
            begins at V = 0, m = 0.5, n = 0.5, h = 0.06 unless it is given.
        surrogate: surrogate gradient of the threshold.

    Raises:
        ValueError: at build, a dt of more than 2 time constants of the membrane with `"euler"`, or 2.785 with `"rk4"`; during
            an action potential a quarter of the conductances is open. With `compat` any dt is taken, as by SPAIC.

    Source: Hodgkin and Huxley (1952); SPAIC, `hh`.

    >>> HH(g_NA=100.0).g_NA
    100.0
    """

    initial: ClassVar = {"V": "V", "m": "m", "n": "n", "h": "h"}
    V: Any = first_value(None)
    m: Any = first_value(None)
    n: Any = first_value(None)
    h: Any = first_value(None)
    v_th: Parameter = parameter(None)
    Vreset: Parameter = parameter(0.0)
    g_NA: Parameter = parameter(120.0)
    g_K: Parameter = parameter(36.0)
    g_L: Parameter = parameter(0.3)
    E_NA: Parameter = parameter(120.0)
    E_K: Parameter = parameter(-12.0)
    E_L: Parameter = parameter(10.6)
    alpha_m1: Parameter = parameter(0.1)
    alpha_m2: Parameter = parameter(25.0)
    alpha_m3: Parameter = parameter(10.0, positive=True)
    beta_m1: Parameter = parameter(4.0)
    beta_m2: Parameter = parameter(0.0)
    beta_m3: Parameter = parameter(18.0, positive=True)
    alpha_n1: Parameter = parameter(0.01)
    alpha_n2: Parameter = parameter(10.0)
    alpha_n3: Parameter = parameter(10.0, positive=True)
    beta_n1: Parameter = parameter(0.125)
    beta_n2: Parameter = parameter(0.0)
    beta_n3: Parameter = parameter(80.0, positive=True)
    alpha_h1: Parameter = parameter(0.07)
    alpha_h2: Parameter = parameter(0.0)
    alpha_h3: Parameter = parameter(20.0, positive=True)
    beta_h1: Parameter = parameter(1.0)
    beta_h2: Parameter = parameter(30.0)
    beta_h3: Parameter = parameter(10.0, positive=True)
    integrator: Integrator | None = None
    compat: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        check_integrator("HH", self.method)

    @property
    def method(self) -> Integrator:
        """The integrator that is used."""
        return self.integrator or ("euler" if self.compat else "exponential_euler")

    def first(self, state: str) -> Any:
        given = super().first(state)
        if given is not None:
            return given
        if self.compat:
            return {"V": 0.0, "m": 0.5, "n": 0.5, "h": 0.06}[state]
        if state == "V":
            return np.subtract(0.0, self.Vreset)
        with jax.ensure_compile_time_eval():
            p = SimpleNamespace(**{name: jnp.asarray(value, float) for name, value in self.parameters().items()})
            alpha, beta = self._rates(p, jnp.asarray(self.first("V"), float))[state]
            return np.asarray(alpha / (alpha + beta))

    def check_step(self, dt: float) -> None:
        if not self.compat:
            most = np.maximum(np.add(self.g_NA, self.g_K) / 4, self.g_L)
            check_stable(self.method, dt, {"the membrane's time constant in an action potential": 1 / most})

    def coefficients(self, p: SimpleNamespace, dt: float) -> dict[str, jax.Array]:
        return {"v_th": jnp.full_like(p.E_NA, 1.0 if self.compat else 50.0)} if p.v_th is None else {}

    def step(self, p: SimpleNamespace, state: SimpleNamespace, current: jax.Array) -> dict[str, jax.Array]:
        drive = current / p.dt if self.compat else current
        if self.method == "rk4":

            def derivatives(x: dict[str, jax.Array]) -> dict[str, jax.Array]:
                gates = {name: alpha * (1 - x[name]) - beta * x[name] for name, (alpha, beta) in self._rates(p, x["V"]).items()}
                return {"V": drive - self._ionic(p, x["V"], x)[0], **gates}

            new = advance("rk4", derivatives, {name: getattr(state, name) for name in self.initial}, p.dt)
        else:
            new = {}
            for name, (alpha, beta) in self._rates(p, state.V).items():
                x = getattr(state, name)
                new[name] = x + self._by(p, alpha + beta) * (alpha * (1 - x) - beta * x)
            ionic, conductance = self._ionic(p, state.V, new)
            new["V"] = state.V + self._by(p, conductance) * (drive - ionic)
        spikes = self.spike(new["V"] - p.v_th)
        if not self.compat:
            spikes = jnp.where(p.v_th < state.V, jnp.zeros_like(spikes), spikes)
        return {**new, "O": spikes}

    def _rates(self, p: SimpleNamespace, v: jax.Array) -> dict[str, tuple[jax.Array, jax.Array]]:
        """The rates at which each gate opens and closes, 1/ms."""
        u = v + p.Vreset
        return {
            "m": (_linoid(p.alpha_m1, p.alpha_m2, p.alpha_m3, u), p.beta_m1 * _exp((p.beta_m2 - u) / p.beta_m3)),
            "n": (_linoid(p.alpha_n1, p.alpha_n2, p.alpha_n3, u), p.beta_n1 * _exp((p.beta_n2 - u) / p.beta_n3)),
            "h": (
                p.alpha_h1 * _exp((p.alpha_h2 - u) / p.alpha_h3),
                p.beta_h1 / (_exp((p.beta_h2 - u) / p.beta_h3) + 1),
            ),
        }

    def _ionic(self, p: SimpleNamespace, v: jax.Array, gates: dict[str, jax.Array]) -> tuple[jax.Array, jax.Array]:
        """The current through the membrane, and the conductance."""
        na, k = p.g_NA * gates["m"] ** 3 * gates["h"], p.g_K * gates["n"] ** 4
        return na * (v - p.E_NA) + k * (v - p.E_K) + p.g_L * (v - p.E_L), na + k + p.g_L

    def _by(self, p: SimpleNamespace, rate: jax.Array) -> jax.Array:
        """The time to move along a slope, for a variable that decays at `rate`."""
        return p.dt * phi(-p.dt * rate) if self.method == "exponential_euler" else p.dt
