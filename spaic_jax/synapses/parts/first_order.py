"""A synaptic current that decays exponentially."""

import dataclasses
from types import SimpleNamespace
from typing import ClassVar

import jax
import jax.numpy as jnp

from spaic_jax.neurons.base import Parameter, parameter
from spaic_jax.synapses.parts.base import Dynamics


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class FirstOrder(Dynamics):
    """A current that jumps by what comes in and decays exponentially.

    $$ R_t = e^{-dt/\\tau} R_{t-1} + I_t, \\qquad O_t = R_t $$

    Args:
        tau: time constant, ms; a number, or one a postsynaptic neuron.

    Source: SPAIC, `1_order_synapse`.

    >>> FirstOrder(tau=5.0).tau
    5.0
    """

    initial: ClassVar = {"R": 0.0}
    tau: Parameter = parameter(2.0, positive=True, bounds=(1e-3, None))

    def coefficients(self, p: SimpleNamespace, dt: float) -> dict[str, jax.Array]:
        return {"decay": jnp.exp(-dt / p.tau)}

    def step(self, p: SimpleNamespace, state: SimpleNamespace, current: jax.Array) -> dict[str, jax.Array]:
        r = p.decay * state.R + current
        return {"R": r, "O": r}
