"""A synaptic current with a fast and a slow part."""

import dataclasses
from types import SimpleNamespace
from typing import ClassVar

import jax
import jax.numpy as jnp

from spaic_jax.neurons.base import Parameter, parameter
from spaic_jax.synapses.parts.base import Dynamics


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class MixOrder(Dynamics):
    """A fast exponential that takes a part of the input, and is fed by a slow one that takes the rest.

    $$ S_t = e^{-dt/\\tau_s} S_{t-1} + \\frac{dt}{\\tau_s} (1 - \\rho^2) I_t, \\qquad
       R_t = e^{-dt/\\tau_r} R_{t-1} + \\frac{dt}{\\tau_r} (\\rho^2 I_t + S_t), \\qquad O_t = R_t $$

    `rho` 1 is an exponential synapse, `rho` 0 one that rises slowly.

    Args:
        tau_r: time constant of the fast part, ms.
        tau_s: time constant of the slow part, ms.
        rho: how much goes to the fast part at once, between 0 and 1.

    Raises:
        ValueError: a `rho` outside of 0 and 1.

    Source: SPAIC, `mix_order_synapse`, whose input is complex and carries `rho`; here it is a parameter.

    >>> MixOrder(rho=1.0).tau_s
    25.0
    """

    initial: ClassVar = {"S": 0.0, "R": 0.0}
    tau_r: Parameter = parameter(2.0, positive=True, bounds=(1e-3, None))
    tau_s: Parameter = parameter(25.0, positive=True, bounds=(1e-3, None))
    rho: Parameter = parameter(0.5, bounds=(0.0, 1.0))

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_between("rho", 0.0, 1.0)

    def coefficients(self, p: SimpleNamespace, dt: float) -> dict[str, jax.Array]:
        return {
            "decay_r": jnp.exp(-dt / p.tau_r), "decay_s": jnp.exp(-dt / p.tau_s),
            "fast": dt / p.tau_r * p.rho**2, "slow": dt / p.tau_s * (1 - p.rho**2), "coupling": dt / p.tau_r,
        }

    def step(self, p: SimpleNamespace, state: SimpleNamespace, current: jax.Array) -> dict[str, jax.Array]:
        s = p.decay_s * state.S + p.slow * current
        r = p.decay_r * state.R + p.fast * current + p.coupling * s
        return {"S": s, "R": r, "O": r}
