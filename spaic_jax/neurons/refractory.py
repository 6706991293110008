"""The refractory period: for some steps after a spike the potential is held."""

import dataclasses
from collections.abc import Mapping
from types import SimpleNamespace
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax.neurons.base import First, Parameter, parameter
from spaic_jax.neurons.reset import ResettingModel
from spaic_jax.program.program import whole_steps


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class RefractoryModel(ResettingModel):
    """A neuron model that may have a refractory period of `t_ref` ms, in whole steps.

    After a spike in step k the potential is held in the steps k+1 to k+n, n = t_ref / dt; step k+n+1 moves it again. That
    is NEST's convention. Brian2 holds it in n-1 steps: its `refractory` of `t_ref + dt` is a `t_ref` here. Input that would
    have moved the potential is lost; other variables, such as a synaptic current, go on.

    The state variable `refrac` counts the steps that are left. With `t_ref` 0 there is none, and nothing is computed.
    """

    exact: ClassVar[tuple[str, ...]] = ("refrac",)
    t_ref: Parameter = parameter(0.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if (np.asarray(self.t_ref) < 0).any():
            raise ValueError(f"{type(self).__name__}: t_ref must not be negative, not {self.t_ref!r}.")
        if np.any(self.t_ref) and getattr(self, "compat", False):
            raise ValueError(f"{type(self).__name__}: SPAIC's equations (compat) have no refractory period t_ref.")

    def states(self) -> Mapping[str, First]:
        return {**super().states(), "refrac": 0.0} if np.any(self.t_ref) else super().states()

    def parameters(self) -> dict[str, Parameter]:
        values = super().parameters()
        return values if np.any(self.t_ref) else {name: value for name, value in values.items() if name != "t_ref"}

    def check_step(self, dt: float) -> None:
        for t_ref in np.unique(np.asarray(self.t_ref, float)):
            if t_ref:
                whole_steps(float(t_ref), dt, "t_ref")

    def free(self, p: SimpleNamespace, state: SimpleNamespace, value: jax.Array, held: jax.Array | float) -> jax.Array:
        """`value`, or `held` where steps of the refractory period are left."""
        return value if p.t_ref is None else jnp.where(state.refrac > 0, held, value)

    def fire(self, p: SimpleNamespace, state: SimpleNamespace, x: jax.Array) -> dict[str, jax.Array]:
        """The spikes `"O"` at `x = V - v_th`, none in the refractory period, and the steps `"refrac"` that are left."""
        spikes = self.spike(x)
        if p.t_ref is None:
            return {"O": spikes}
        spikes = self.free(p, state, spikes, jnp.zeros_like(spikes))
        left = jnp.where(spikes > 0, jnp.round(p.t_ref / p.dt), jnp.maximum(state.refrac - 1, 0))
        return {"O": spikes, "refrac": left}
