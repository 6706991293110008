"""Membranes with a decaying synaptic current, with a threshold and without."""

import dataclasses
from typing import ClassVar, Literal, NamedTuple, get_args

import jax
import jax.numpy as jnp

from spaic_jax._errors import unknown
from spaic_jax._shapes import PerNeuron
from spaic_jax.neurons.base import NeuronModel, coefficient
from spaic_jax.neurons.event_times import EventTimes
from spaic_jax.neurons.fields import Parameter, parameter
from spaic_jax.neurons.integrators import advance, check_integrator, check_stable, phi
from spaic_jax.neurons.refractory import RefractoryModel
from spaic_jax.neurons.reset import Reset, check_reset
from spaic_jax.neurons.state import variable
from spaic_jax.surrogate import EventProp

Order = Literal["input_first", "voltage_first"]
Method = Literal["exact", "exponential_euler", "euler", "rk4"]
#: Those that move the potential under a current that is held, so that it matters which of the two moves first.
_SPLIT = ("exponential_euler", "euler")


class Propagator(NamedTuple):
    """What a step leaves of the potential and of the current, and what the current gives to the potential."""

    decay_m: jax.Array
    decay_s: jax.Array
    gain: jax.Array


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class CurrentBased(NeuronModel):
    """The membrane of `CubaLIF` and `CubaLI` below the threshold; the fields are described at `CubaLIF`."""

    class State(NeuronModel.State):
        V: PerNeuron = variable("v_rest")
        I: PerNeuron = variable(0.0)

    tau_m: Parameter = parameter(20.0, positive=True)
    tau_s: Parameter = parameter(5.0, positive=True)
    v_rest: Parameter = parameter(0.0)
    R: Parameter = parameter(1.0)
    held: bool = False
    order: Order = "input_first"
    integrator: Method = "exact"

    def __post_init__(self) -> None:
        super().__post_init__()
        name = type(self).__name__
        check_integrator(name, self.integrator, get_args(Method))
        if self.order not in get_args(Order):
            raise ValueError(f"{name}: {unknown('order', self.order, get_args(Order))}")
        if self.held and self.integrator not in _SPLIT and self.order != "input_first":
            raise ValueError(
                f"{name}: order {self.order!r} came beside held=True and integrator {self.integrator!r}, which moves V and I"
                " together: leave out order, or take integrator 'euler'."
            )

    @coefficient
    def propagator(self) -> Propagator:
        dt = self.dt
        if self.integrator == "exact":
            decay_m, decay_s = jnp.exp(-dt / self.tau_m), jnp.exp(-dt / self.tau_s)
            # The integral over the step of e^(-(dt - s) / tau_m) e^(-s / tau_s) / tau_m.
            gain = decay_m * (dt / self.tau_m) * phi(dt / self.tau_m - dt / self.tau_s)
            return Propagator(decay_m, decay_s, self.R * gain)

        def derivatives(x: dict[str, jax.Array]) -> dict[str, jax.Array]:
            return {"V": (self.R * x["I"] - x["V"]) / self.tau_m, "I": -x["I"] / self.tau_s}

        # The equations are linear: what a step makes of one unit of each variable is all there is to know.
        zero = jnp.zeros_like(self.R + self.tau_m + self.tau_s)
        potential, current = (
            advance(self.integrator, derivatives, {"V": zero + v, "I": zero + (1 - v)}, dt) for v in (1, 0)
        )
        return Propagator(potential["V"], current["I"], current["V"])

    def check_step(self, dt: float) -> None:
        super().check_step(dt)
        check_stable(self.integrator, dt, {"tau_m": self.tau_m, "tau_s": self.tau_s})

    def slope(self, v: PerNeuron, i: PerNeuron) -> PerNeuron:
        """How fast the potential moves, per ms."""
        return (self.R * i - (v - self.v_rest)) / self.tau_m

    def moved(self, v: PerNeuron, i: PerNeuron, current: PerNeuron) -> tuple[PerNeuron, PerNeuron]:
        """The potential and the synaptic current after a step without a threshold, from those before it and the input."""
        decay_m, decay_s, gain = self.propagator
        first = self.order == "input_first"
        if not self.held:
            i = i + current if first else i
            v = self.v_rest + decay_m * (v - self.v_rest) + gain * i
            return v, decay_s * i if first else decay_s * i + current
        if self.integrator not in _SPLIT:
            # Under a current that is held the same equations have another resting point.
            v_rest, i = self.v_rest + self.R * current, i - current
            return v_rest + decay_m * (v - v_rest) + gain * i, current + decay_s * i
        new = current + decay_s * (i - current)
        return self.v_rest + decay_m * (v - self.v_rest) + gain * (new if first else i), new


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class CubaLIF(CurrentBased, RefractoryModel):
    """Current-based LIF neuron: a jump of the synaptic current for every spike that comes in.

    $$ \\tau_m V' = -(V - v_{rest}) + R I, \\qquad \\tau_s I' = -I, \\qquad I \\leftarrow I + I_{syn} $$

    With `order="voltage_first"` and R = tau_m/C it is NEST's `iaf_psc_exp`, in mV, pA and GOhm, exact at every dt; a constant
    current I_e is a `v_rest` that is higher by R I_e. With `held=True` there is no jump, and the input is held for the step:

    $$ \\tau_s I' = -I + I_{syn} $$

    Args:
        tau_m, tau_s: time constants of the membrane and of the synaptic current, ms.
        v_rest: potential of rest.
        v_th: threshold; a spike needs `v > v_th`.
        v_reset: potential after a hard reset.
        R: resistance.
        t_ref: refractory period, ms: see `RefractoryModel`.
        reset: `"hard"`, `"soft"` or `"none"`.
        held: whether `I` tends to the input, which is held for the step, rather than jumps by it.
        order: whether a step adds its input to `I` before it moves `V` (`"input_first"`) or after it
            (`"voltage_first"`, one step later). Of an input that is held: whether `V` moves by the current of the end of the
            step or of its beginning, with `"euler"` and `"exponential_euler"`; the others move both together.
        integrator: `"exact"` solves both equations; `"rk4"` is of order 4; `"euler"` and `"exponential_euler"`, which holds
            `I` for the step, are of order 1.
        detach_reset: let no gradient pass a soft reset.
        surrogate: surrogate gradient of the threshold; `"eventprop"` for the exact gradient of spike times.

    Raises:
        ValueError: `"eventprop"` without a reset; an `order` where `held=True` leaves none; at build, a dt of more than 2
            `tau_m` or `tau_s` with `"euler"`, or 2.785 with `"rk4"`.

    Source: Vogels and Abbott (2005), CUBA; Neftci, Mostafa and Zenke (2019); `CubaLIF` of NIR, Pedersen et al. (2024), is held.

    >>> print(CubaLIF(order="voltage_first").first_step(jnp.ones((1, 1)), dt=1.0).V)
    [[0.]]
    >>> print(CubaLIF(held=True, integrator="euler").first_step(jnp.ones((1, 1)), dt=1.0).V)
    [[0.01]]
    """

    class State(RefractoryModel.State):
        V: PerNeuron = variable("v_rest")
        I: PerNeuron = variable(0.0)
        shift: PerNeuron | None = variable(0.0, exact=True, where="times_spikes")

    timed: ClassVar = True
    v_th: Parameter = parameter(1.0)
    v_reset: Parameter = parameter(0.0, below="v_th")
    reset: Reset = "hard"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_reset("CubaLIF", self.reset)
        if self.times_spikes and self.reset == "none":
            raise ValueError("CubaLIF: the surrogate EventProp needs a reset, 'hard' or 'soft', not 'none'.")

    @property
    def times_spikes(self) -> bool:
        """Whether its gradient is that of the times of spikes."""
        return isinstance(self.surrogate, EventProp)

    def step(self, state: State, current: PerNeuron) -> State:
        times = EventTimes(self, state) if self.times_spikes else None
        first = state.V if times is None else times.before(self.slope(state.V, state.I))
        v, i = self.moved(first, state.I, current)
        v = self.free(state, v, first)
        spikes, refrac = self.fire(state, v - self.v_th)
        reset = self.reset_by(self.reset, v, spikes, self.v_th, self.v_reset)
        new = self.State(V=reset, I=i, O=spikes, refrac=refrac, shift=None)
        return new if times is None else times.after(v, new)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class CubaLI(CurrentBased):
    """`CubaLIF` without a threshold: a readout with a decaying synaptic current.

    $$ \\tau_m V' = -(V - v_{rest}) + R I, \\qquad \\tau_s I' = -I, \\qquad I \\leftarrow I + I_{syn} $$

    or `tau_s I' = -I + I_syn` with `held=True`. It has no spikes `O`; decoders read its `V`.

    Args:
        tau_m, tau_s: time constants of the membrane and of the synaptic current, ms.
        v_rest: potential of rest.
        R: resistance.
        held, order, integrator: as of `CubaLIF`.

    Raises:
        ValueError: an `order` where `held=True` leaves none; at build, a dt of more than 2 `tau_m` or `tau_s` with `"euler"`, or
            2.785 with `"rk4"`.

    Source: Neftci, Mostafa and Zenke, Surrogate gradient learning (2019); `CubaLI` of NIR, Pedersen et al. (2024), is held.

    >>> print(CubaLI(integrator="euler").first_step(jnp.ones((1, 1)), dt=1.0).V)
    [[0.05]]
    """

    output: ClassVar = "V"

    def step(self, state: CurrentBased.State, current: PerNeuron) -> CurrentBased.State:
        v, i = self.moved(state.V, state.I, current)
        return self.State(V=v, I=i)
