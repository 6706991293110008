"""Hodgkin-Huxley."""

import dataclasses

import jax
import numpy as np

from spaic_jax._shapes import PerNeuron
from spaic_jax.neurons.fields import Numbers, OptionalParameter, Parameter, Value, parameter
from spaic_jax.neurons.gates import GatedModel, linoid, safe_exp
from spaic_jax.neurons.integrators import Integrator, advance, check_integrator, check_stable, phi


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class HH(GatedModel):
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
        integrator: `"strang"`, of order 2 and stable at 1 ms; `"exponential_euler"`, likewise from gates at rest, which it
            keeps half a step ahead; `"euler"`, of order 1, `"heun"`, of order 2, or `"rk4"`, of order 4, which need steps
            of about 0.05 ms or less. The input is held for the step. `"strang"` when `None`, with `compat` `"euler"`.
        compat: SPAIC's equations: the input is added to `V` without `dt`, `O` is 1 for as long as `V > v_th`, and the state
            begins at V = 0, m = 0.5, n = 0.5, h = 0.06 unless it is given.
        surrogate: surrogate gradient of the threshold.

    Raises:
        ValueError: at build, a dt of more than 2 time constants of the membrane with `"euler"`, or 2.785 with `"rk4"`; during
            an action potential a quarter of the conductances is open. With `compat` any dt is taken, as by SPAIC.

    Source: Hodgkin and Huxley (1952); SPAIC, `hh`.

    >>> import jax.numpy as jnp
    >>> round(float(HH(g_NA=100.0).first_step(jnp.full((1, 1), 10.0), dt=0.05).V[0, 0]), 3)
    0.484
    """

    v_th: OptionalParameter = parameter(None)
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
        return self.integrator or ("euler" if self.compat else "strang")

    def rest(self) -> Numbers:
        return np.subtract(0.0, self.Vreset)

    def first(self, state: str) -> Value | str:
        if self.compat and state in "Vmnh" and getattr(self, state) is None:
            return {"V": 0.0, "m": 0.5, "n": 0.5, "h": 0.06}[state]
        return super().first(state)

    def check_step(self, dt: float) -> None:
        if not self.compat:
            most = np.maximum(np.add(self.g_NA, self.g_K) / 4, self.g_L)
            check_stable(self.method, dt, {"the membrane's time constant in an action potential": 1 / most})

    def step(self, state: GatedModel.State, current: PerNeuron) -> GatedModel.State:
        drive = current / self.dt if self.compat else current
        if self.method in ("euler", "exponential_euler"):
            new = {}
            for name, (alpha, beta) in self.rates(state.V).items():
                x = getattr(state, name)
                new[name] = x + self._by(alpha + beta) * (alpha * (1 - x) - beta * x)
            ionic, conductance = self.ionic(state.V, new)
            new["V"] = state.V + self._by(conductance) * (drive - ionic)
        else:
            begin = {name: getattr(state, name) for name in self.states()}
            new = advance(self.method, self.derivatives(drive), begin, self.dt)
        v_th = (1.0 if self.compat else 50.0) if self.v_th is None else self.v_th
        spikes = self.spike(new["V"] - v_th) if self.compat else self.rises(state.V, new["V"], v_th)
        return self.State(**new, O=spikes)

    def rates(self, v: jax.Array) -> dict[str, tuple[jax.Array, jax.Array]]:
        u = v + self.Vreset
        return {
            "m": (linoid(self.alpha_m1, self.alpha_m2, self.alpha_m3, u), self.beta_m1 * safe_exp((self.beta_m2 - u) / self.beta_m3)),
            "n": (linoid(self.alpha_n1, self.alpha_n2, self.alpha_n3, u), self.beta_n1 * safe_exp((self.beta_n2 - u) / self.beta_n3)),
            "h": (
                self.alpha_h1 * safe_exp((self.alpha_h2 - u) / self.alpha_h3),
                self.beta_h1 / (safe_exp((self.beta_h2 - u) / self.beta_h3) + 1),
            ),
        }

    def ionic(self, v: jax.Array, gates: dict[str, jax.Array]) -> tuple[jax.Array, jax.Array]:
        na, k = self.g_NA * gates["m"] ** 3 * gates["h"], self.g_K * gates["n"] ** 4
        return na * (v - self.E_NA) + k * (v - self.E_K) + self.g_L * (v - self.E_L), na + k + self.g_L

    def _by(self, rate: jax.Array) -> jax.Array | float:
        """The time to move along a slope, for a variable that decays at `rate`."""
        return self.dt * phi(-self.dt * rate) if self.method == "exponential_euler" else self.dt
