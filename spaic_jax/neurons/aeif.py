"""Adaptive exponential integrate-and-fire."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax._shapes import PerNeuron
from spaic_jax.neurons.base import coefficient
from spaic_jax.neurons.fields import OptionalParameter, Parameter, parameter
from spaic_jax.neurons.integrators import Integrator, advance, bounded, check_integrator, check_stable
from spaic_jax.neurons.refractory import RefractoryModel
from spaic_jax.neurons.state import MOST_MV, variable

#: Largest exponent of the upswing, from where a spike is 1e-8 time constants of the membrane away; what is made of it, and of its
#: square in a gradient, is finite in float32.
LARGEST_EXPONENT = 20.0


def upswing(v: jax.Array, v_th: jax.Array, delta_t: jax.Array) -> jax.Array:
    """`delta_t exp((v - v_th) / delta_t)`, finite for every `v`."""
    return delta_t * jnp.exp(jnp.minimum((v - v_th) / delta_t, LARGEST_EXPONENT))


def leapt(v: jax.Array, peak: jax.Array, delta_t: jax.Array) -> jax.Array:
    """The potential after a step, at most so many `delta_t` above the peak.

    A spike is certain there, and so is what it leaves; how far the exponential leapt says nothing, and would be the size of the
    gradient.
    """
    return jnp.minimum(v, peak + LARGEST_EXPONENT * delta_t)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class AEIF(RefractoryModel):
    """Adaptive exponential integrate-and-fire neuron (AdEx).

    $$ C V' = -g_L (V - E_L) + g_L \\Delta_T e^{(V - v_{th}) / \\Delta_T} - U + I, \\qquad
       \\tau_w U' = a (V - E_L) - U $$

    A spike is where `V > Vspk`; there `V` becomes `v_reset` and `U` grows by `b`. In ms, mV, pF, nS and pA, `b` is in pA:
    SPAIC's default of 0.0805 is the paper's in nA. `V` begins at `EL`; SPAIC's begins at -70.6, whatever `EL`.

    Args:
        EL: potential of rest, mV.
        a: subthreshold adaptation, nS.
        b: what a spike adds to `U`.
        v_th: where the upswing begins, mV; a spike is counted at `Vspk` only.
        Vspk: peak of a spike, mV.
        delta_t: sharpness of the upswing, mV.
        C: capacitance, pF.
        tau_w: time constant of the adaptation, ms.
        gL: leak, nS.
        v_reset: potential after a spike, mV; `EL` when `None`.
        t_ref: refractory period, ms: see `RefractoryModel`.
        integrator: `"strang"` or `"heun"`, of order 2, `"rk4"`, of order 4, `"euler"`, SPAIC's, or `"exponential_euler"`, of
            order 1: see `spaic_jax.neurons.integrators.advance`. The input is held for the step, and the equations see no
            `V` above `Vspk`. What is left at short steps is that a spike and its reset come at the end of a step, half a
            step late in the mean.
        detach_reset: let no gradient pass the reset; it passes the adaptation.
        surrogate: surrogate gradient of the threshold; it passes the reset too, unless it is detached.

    Raises:
        ValueError: at build, a dt that is too long for `C/gL` or `tau_w` by an explicit integrator: see `spaic_jax.neurons.integrators.check_stable`.

    Source: Brette and Gerstner (2005); Naud et al., Firing patterns in the AdEx model (2008); SPAIC, `aeif` and `adex`.

    >>> round(float(AEIF(b=80.5).first_step(jnp.full((1, 1), 500.0), dt=1.0).V[0, 0]), 3)
    -68.912
    """

    class State(RefractoryModel.State):
        V: PerNeuron = variable("EL", limit=MOST_MV)
        U: PerNeuron = variable(0.0)

    EL: Parameter = parameter(-70.6, below="Vspk")
    a: Parameter = parameter(4.0)
    b: Parameter = parameter(0.0805)
    v_th: Parameter = parameter(-50.4)
    Vspk: Parameter = parameter(20.0)
    delta_t: Parameter = parameter(2.0, positive=True)
    C: Parameter = parameter(281.0, positive=True)
    tau_w: Parameter = parameter(144.0, positive=True)
    gL: Parameter = parameter(30.0, positive=True)
    v_reset: OptionalParameter = parameter(None, below="Vspk")
    integrator: Integrator = "strang"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_integrator("AEIF", self.integrator)

    @coefficient
    def rate_v(self) -> jax.Array:
        return 1 / self.C

    @coefficient
    def rate_w(self) -> jax.Array:
        return 1 / self.tau_w

    def check_step(self, dt: float) -> None:
        super().check_step(dt)
        check_stable(self.integrator, dt, {"C/gL": np.divide(self.C, self.gL), "tau_w": self.tau_w})

    def step(self, state: State, current: PerNeuron) -> State:
        def derivatives(x: dict[str, jax.Array]) -> dict[str, jax.Array]:
            above, u = x["V"] - self.EL, x["U"]
            v = self.rate_v * (self.gL * (upswing(x["V"], self.v_th, self.delta_t) - above) - u + current)
            return {"V": self.free(state, v, 0.0), "U": self.rate_w * (self.a * above - u)}

        new = advance(self.integrator, bounded(derivatives, "V", self.Vspk), {"V": state.V, "U": state.U}, self.dt)
        v = leapt(new["V"], self.Vspk, self.delta_t)
        spikes, refrac = self.fire(state, v - self.Vspk)
        v = self.replaced(v, spikes, self.EL if self.v_reset is None else self.v_reset)
        return self.State(V=v, U=self.b * spikes + new["U"], O=spikes, refrac=refrac)
