"""Hodgkin-Huxley neuron of the hippocampus, after Traub and Miles."""

import dataclasses

import jax
import numpy as np

from spaic_jax._shapes import PerNeuron
from spaic_jax.neurons.fields import Numbers, Parameter, parameter
from spaic_jax.neurons.gates import GatedModel, linoid, safe_exp
from spaic_jax.neurons.integrators import Integrator, advance, check_integrator, check_stable


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class TraubMiles(GatedModel):
    """Hodgkin-Huxley neuron with the rates of Traub and Miles.

    $$ C V' = I - g_{NA} m^3 h (V - E_{NA}) - g_K n^4 (V - E_K) - g_L (V - E_L), \\qquad
       x' = \\alpha_x(u) (1 - x) - \\beta_x(u) x, \\quad x = m, n, h $$

    with `u = V - VT`, in ms, mV, pF, nS and pA, and

    $$ \\alpha_m = \\frac{0.32 (13 - u)}{e^{(13 - u)/4} - 1}, \\quad \\alpha_n = \\frac{0.032 (15 - u)}{e^{(15 - u)/5} - 1},
       \\quad \\alpha_h = 0.128 e^{(17 - u)/18} $$
    $$ \\beta_m = \\frac{0.28 (u - 40)}{e^{(u - 40)/5} - 1}, \\quad \\beta_n = 0.5 e^{(10 - u)/40}, \\quad
       \\beta_h = \\frac{4}{e^{(40 - u)/5} + 1} $$

    A spike is where `V` rises above `v_th`: one for each action potential. The benchmark, which counts a spike wherever `V` is
    above -20 mV and none was in the last 3 ms, counts the same, but for a neuron that stays above it.

    Args:
        V: where the potential begins, mV; at `EL` when `None`.
        m, n, h: where the gates begin; at rest at that potential when `None`.
        v_th: height that an action potential reaches, mV.
        C: capacitance, pF.
        g_NA, g_K, gL: largest conductances, nS.
        E_NA, E_K, EL: reversal potentials, mV.
        VT: what moves the potential at which spikes begin, mV.
        integrator: `"strang"`, of order 2 and stable at any step, or an explicit one, which needs steps of about 0.05 ms or
            less, or `"exponential_euler"`, of order 1: see `spaic_jax.neurons.integrators.advance`. The input is held for
            the step.
        surrogate: surrogate gradient of the threshold.

    Raises:
        ValueError: at build, a dt that is too long for the membrane in an action potential by an explicit integrator.

    The defaults are those of the COBAHH benchmark network, in which a cell without input fires at 14 Hz.

    Source: Traub and Miles, Neuronal Networks of the Hippocampus (1991); Brette et al., Simulation of networks of spiking
    neurons (2007), benchmark 3.

    >>> import jax.numpy as jnp
    >>> round(float(TraubMiles().first_step(jnp.full((1, 1), 200.0), dt=0.1).V[0, 0]), 3)
    -59.88
    """

    v_th: Parameter = parameter(-20.0)
    C: Parameter = parameter(200.0, positive=True)
    gL: Parameter = parameter(10.0, positive=True)
    g_NA: Parameter = parameter(20000.0)
    g_K: Parameter = parameter(6000.0)
    EL: Parameter = parameter(-60.0)
    E_NA: Parameter = parameter(50.0)
    E_K: Parameter = parameter(-90.0)
    VT: Parameter = parameter(-63.0)
    integrator: Integrator = "strang"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_integrator("TraubMiles", self.integrator)

    def rest(self) -> Numbers:
        return np.asarray(self.EL)

    def check_step(self, dt: float) -> None:
        most = np.maximum(np.add(self.g_NA, self.g_K) / 4, self.gL)
        check_stable(self.integrator, dt, {"the membrane's time constant in an action potential": self.C / most})

    def step(self, state: GatedModel.State, current: PerNeuron) -> GatedModel.State:
        begin = {name: getattr(state, name) for name in self.states()}
        new = advance(self.integrator, self.derivatives(current / self.C), begin, self.dt)
        return self.State(**new, O=self.rises(state.V, new["V"], self.v_th))

    def rates(self, v: jax.Array) -> dict[str, tuple[jax.Array, jax.Array]]:
        u = v - self.VT
        return {
            "m": (linoid(0.32, 13.0, 4.0, u), linoid(0.28, -40.0, 5.0, -u)),
            "n": (linoid(0.032, 15.0, 5.0, u), 0.5 * safe_exp((10 - u) / 40)),
            "h": (0.128 * safe_exp((17 - u) / 18), 4 / (safe_exp((40 - u) / 5) + 1)),
        }

    def ionic(self, v: jax.Array, gates: dict[str, jax.Array]) -> tuple[jax.Array, jax.Array]:
        na, k = self.g_NA * gates["m"] ** 3 * gates["h"] / self.C, self.g_K * gates["n"] ** 4 / self.C
        leak = self.gL / self.C
        return na * (v - self.E_NA) + k * (v - self.E_K) + leak * (v - self.EL), na + k + leak
