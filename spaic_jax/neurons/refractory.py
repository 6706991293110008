"""The refractory period: for some steps after a spike the potential is held."""

import dataclasses
from collections.abc import Collection
from typing import Self

import jax.numpy as jnp
import numpy as np

from spaic_jax._shapes import PerNeuron
from spaic_jax.neurons.fields import Parameter, Range, Value, extremes, parameter
from spaic_jax.neurons.reset import ResettingModel
from spaic_jax.neurons.state import variable
from spaic_jax.program import Initial
from spaic_jax.program.program import whole_steps


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class RefractoryModel(ResettingModel):
    """A neuron model that may have a refractory period of `t_ref` ms, in whole steps.

    After a spike in step k the potential is held in the steps k+1 to k+n, n = t_ref / dt; step k+n+1 moves it again. That
    is NEST's convention. Brian2 holds it in n-1 steps: its `refractory` of `t_ref + dt` is a `t_ref` here. Input that would
    have moved the potential is lost; other variables, such as a synaptic current, go on.

    A period that is drawn is rounded to whole steps. The state variable `refrac` counts the steps that are left. With `t_ref` 0
    there is none, and nothing is computed.
    """

    class State(ResettingModel.State):
        refrac: PerNeuron | None = variable(0.0, exact=True, where="t_ref")

    t_ref: Parameter = parameter(0.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        times = extremes(self.t_ref)
        # What is drawn below 0 is brought back to it.
        if (times.max() if isinstance(self.t_ref, Initial) else times.min()) < 0:
            raise ValueError(f"{type(self).__name__}: t_ref must not be negative, not {self.t_ref!r}.")
        if np.any(self.t_ref) and getattr(self, "compat", False):
            raise ValueError(f"{type(self).__name__}: SPAIC's equations (compat) have no refractory period t_ref.")

    def parameters(self) -> dict[str, Value]:
        values = super().parameters()
        return values if np.any(self.t_ref) else {name: value for name, value in values.items() if name != "t_ref"}

    def bounds(self, name: str, dt: float, trained: Collection[str] = ()) -> Range:
        low, high = super().bounds(name, dt, trained)
        return (0.0 if name == "t_ref" else low), high

    def extreme(self, dt: float) -> Self:
        # A drawn period is rounded to whole steps.
        model = super().extreme(dt)
        return model._with({"t_ref": 0.0}) if isinstance(self.t_ref, Initial) else model

    def check_step(self, dt: float) -> None:
        for t_ref in np.unique(np.asarray(self.t_ref, float)):
            if t_ref:
                whole_steps(float(t_ref), dt, "t_ref")

    def free(self, state: State, value: PerNeuron, held: PerNeuron | float) -> PerNeuron:
        """`value`, or `held` where steps of the refractory period are left."""
        return value if state.refrac is None else jnp.where(state.refrac > 0, held, value)

    def fire(self, state: State, x: PerNeuron) -> tuple[PerNeuron, PerNeuron | None]:
        """The spikes at `x = V - v_th`, none in the refractory period, and the steps of it, `refrac`, that are left."""
        spikes = self.spike(x)
        if state.refrac is None:
            return spikes, None
        spikes = self.free(state, spikes, jnp.zeros_like(spikes))
        return spikes, jnp.where(spikes > 0, jnp.round(self.t_ref / self.dt), jnp.maximum(state.refrac - 1, 0))
