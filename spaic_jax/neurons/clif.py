"""Current-based leaky integrate-and-fire with two synaptic traces and a reset trace."""

import dataclasses
from types import SimpleNamespace
from typing import ClassVar

import jax
import jax.numpy as jnp

from spaic_jax.neurons.base import Parameter, parameter
from spaic_jax.neurons.double_exponential import TRACES, gains, traces
from spaic_jax.neurons.reset import ResettingModel


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class CLIF(ResettingModel):
    """Current-based LIF neuron.

    $$ M_t = e^{-dt/\\tau_p} M_{t-1} + V_0 I_t, \\quad S_t = e^{-dt/\\tau_q} S_{t-1} + V_0 I_t, \\quad
       P_t = M_t - S_t, \\quad V_t = P_t - E_{t-1} $$
    $$ O_t = H(V_t - v_{th}), \\qquad E_t = e^{-dt/\\tau_m} E_{t-1} + v_{th} O_t $$

    `V` itself is never reset: the reset trace `E` lowers it from the next step on. With beta = tau_p/tau_q,
    V0 = beta^(beta/(beta-1)) / (beta-1) makes the peak of a unit input's potential 1, whatever the time constants: where
    they meet, the response of `P` is `e t/tau exp(-t/tau)`. There V0 itself, and with it `M` and `S`, would be infinite: they
    are held at what they are for a beta 0.001 away.

    Args:
        tau_p, tau_q: decay and rise time constants of the input, ms.
        tau_m: time constant of the reset trace, ms.
        v_th: threshold; a spike needs `V > v_th`.
        V0: gain of the input; follows from `tau_p` and `tau_q` when `None`. Only a gain that is given can be trained.
        detach_reset: let no gradient pass the reset trace.
        surrogate: surrogate gradient of the threshold.

    Source: SPAIC, `clif`; Gu et al., STCA (IJCAI 2019).

    >>> CLIF(tau_m=10.0).tau_m
    10.0
    """

    initial: ClassVar = {**TRACES, "E": 0.0, "V": 0.0}
    shown: ClassVar = ("M",)
    tau_p: Parameter = parameter(12.0, positive=True)
    tau_q: Parameter = parameter(8.0, positive=True)
    tau_m: Parameter = parameter(20.0, positive=True)
    v_th: Parameter = parameter(1.0)
    V0: Parameter = parameter(None)

    def coefficients(self, p: SimpleNamespace, dt: float) -> dict[str, jax.Array]:
        return {"decay_m": jnp.exp(-dt / p.tau_m), **gains(p.tau_p, p.tau_q, dt, getattr(p, "V0", None))}

    def step(self, p: SimpleNamespace, state: SimpleNamespace, current: jax.Array) -> dict[str, jax.Array]:
        new = traces(p, state.P, state.S, p.V0 * current)
        v = new["P"] - state.E
        spikes = self.spike(v - p.v_th)
        return {**new, "E": p.decay_m * state.E + p.v_th * self.gate(spikes), "V": v, "O": spikes}
