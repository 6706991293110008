"""A synaptic current that rises and decays: the difference of two exponentials."""

import dataclasses
from types import SimpleNamespace
from typing import ClassVar

import jax
import jax.numpy as jnp

from spaic_jax.neurons.base import Parameter, parameter
from spaic_jax.synapses.parts.base import Dynamics


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class SecondOrder(Dynamics):
    """A current that rises with `tau_d` and decays with `tau_r`.

    $$ R_t = e^{-dt/\\tau_r} R_{t-1} + I_t, \\quad D_t = e^{-dt/\\tau_d} D_{t-1} + I_t, \\qquad O_t = R_t - D_t $$

    Args:
        tau_r: the longer time constant, ms.
        tau_d: the shorter one, ms; SPAIC's names.

    Source: SPAIC, `2_order_synapse`.

    >>> SecondOrder(tau_r=10.0).tau_d
    2.0
    """

    initial: ClassVar = {"R": 0.0, "D": 0.0}
    tau_r: Parameter = parameter(9.0, positive=True, bounds=(1e-3, None))
    tau_d: Parameter = parameter(2.0, positive=True, bounds=(1e-3, None))

    def coefficients(self, p: SimpleNamespace, dt: float) -> dict[str, jax.Array]:
        return {"decay_r": jnp.exp(-dt / p.tau_r), "decay_d": jnp.exp(-dt / p.tau_d)}

    def step(self, p: SimpleNamespace, state: SimpleNamespace, current: jax.Array) -> dict[str, jax.Array]:
        r = p.decay_r * state.R + current
        d = p.decay_d * state.D + current
        return {"R": r, "D": d, "O": r - d}
