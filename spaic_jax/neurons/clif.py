"""Current-based leaky integrate-and-fire with two synaptic traces and a reset trace."""

import dataclasses
from types import SimpleNamespace
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax.neurons.base import Parameter, SpikingModel, parameter


def peak_gain(tau_p: jax.Array, tau_q: jax.Array) -> jax.Array:
    """V0 = beta^(beta/(beta-1)) / (beta-1) with beta = tau_p/tau_q: the difference of the two traces of a unit input
    then peaks at 1."""
    beta = tau_p / tau_q
    return beta ** (beta / (beta - 1)) / (beta - 1)


def check_differ(model: str, **taus: Parameter) -> None:
    """ValueError when two time constants are equal, for which V0 is not defined."""
    (first, one), (second, other) = taus.items()
    if np.any(np.asarray(one) == np.asarray(other)):
        raise ValueError(f"{model}: {first} and {second} must differ, both are {one}.")


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class CLIF(SpikingModel):
    """Current-based LIF neuron.

    $$ M_t = e^{-dt/\\tau_p} M_{t-1} + V_0 I_t, \\quad S_t = e^{-dt/\\tau_q} S_{t-1} + V_0 I_t, \\quad
       V_t = M_t - S_t - E_{t-1} $$
    $$ O_t = H(V_t - v_{th}), \\qquad E_t = e^{-dt/\\tau_m} E_{t-1} + v_{th} O_t $$

    `V` itself is never reset: the reset trace `E` lowers it from the next step on. With beta = tau_p/tau_q,
    V0 = beta^(beta/(beta-1)) / (beta-1) makes the peak of a unit input's potential 1.

    Args:
        tau_p, tau_q: decay and rise time constants of the input, ms; they must differ.
        tau_m: time constant of the reset trace, ms.
        v_th: threshold; a spike needs `V > v_th`.
        V0: gain of the input; follows from `tau_p` and `tau_q` when `None`.
        surrogate: surrogate gradient of the threshold.

    Raises:
        ValueError: when `tau_p` equals `tau_q`, for which V0 is not defined.

    Source: SPAIC, `clif`; Gu et al., STCA (IJCAI 2019).

    >>> CLIF(tau_m=10.0).tau_m
    10.0
    """

    initial: ClassVar = {"M": 0.0, "S": 0.0, "E": 0.0, "V": 0.0}
    tau_p: Parameter = parameter(12.0, positive=True)
    tau_q: Parameter = parameter(8.0, positive=True)
    tau_m: Parameter = parameter(20.0, positive=True)
    v_th: Parameter = parameter(1.0)
    V0: Parameter = parameter(None)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.V0 is None:
            check_differ("CLIF", tau_p=self.tau_p, tau_q=self.tau_q)

    def coefficients(self, p: SimpleNamespace, dt: float) -> dict[str, jax.Array]:
        decays = {f"decay_{name}": jnp.exp(-dt / getattr(p, f"tau_{name}")) for name in "pqm"}
        return decays if hasattr(p, "V0") else decays | {"V0": peak_gain(p.tau_p, p.tau_q)}

    def step(self, p: SimpleNamespace, state: SimpleNamespace, current: jax.Array) -> dict[str, jax.Array]:
        drive = p.V0 * current
        m = p.decay_p * state.M + drive
        s = p.decay_q * state.S + drive
        v = (m - s) - state.E
        spikes = self.spike(v - p.v_th)
        return {"M": m, "S": s, "E": p.decay_m * state.E + p.v_th * spikes, "V": v, "O": spikes}
