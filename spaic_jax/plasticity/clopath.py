"""Plasticity that depends on the postsynaptic membrane potential."""

import dataclasses
from collections.abc import Mapping
from typing import ClassVar

import jax

from spaic_jax.plasticity.base import Rule, number, positive
from spaic_jax.plasticity.memory import Memory, Trace, Traced
from spaic_jax.plasticity.pathway import Meeting


@dataclasses.dataclass(frozen=True, kw_only=True)
class Clopath(Rule):
    """A presynaptic spike weakens depolarised synapses; a strong depolarisation after it strengthens them.

    $$ \\dot W_{ij} = A_+ \\, \\bar x_j [u_i - \\theta_+]_+ [\\bar u^+_i - \\theta_-]_+ -
       A_- \\frac{\\bar d_i^2}{u_{ref}^2} \\, s_j [\\bar u^-_i - \\theta_-]_+ $$

    The averages u- and u+ of the potential u, with time constants `tau_minus` and `tau_plus`, are those at the end of the
    step before, so that a spike does not strengthen by itself; they begin at `v_rest`. A presynaptic spike raises the trace
    x, of time constant `tau_x`, by `1 / tau_x`. The average d of the depolarisation `u - v_rest` over `tau_mean` keeps rates
    in bounds; it begins at `u_ref`, is one number a neuron (the mean over the batch) and lasts over presentations.

    The potential is the group's `V` after the step, and so after a reset, which hides the spike of most models. There a
    spike counts as a pulse of height `v_spike` and width `spike_width`, whatever `dt`. With a width of 0 only `V` counts, as
    it should for `hh`, whose `V` goes through its spikes.

    Args:
        a_minus, a_plus: amplitudes of depression, 1/mV, and of potentiation, 1/mV^2.
        theta_minus, theta_plus: thresholds of the averages and of the potential, mV.
        tau_x, tau_minus, tau_plus, tau_mean: time constants, ms.
        u_ref: depolarisation at which depression has its amplitude `a_minus`, mV, the root of 60 in the paper; with `None` the
            amplitude does not change.
        v_rest: potential of rest, mV.
        v_spike, spike_width: potential of a spike, mV, and how long it lasts, ms.
        batch: as of `Rule`.

    Raises:
        ValueError: a time constant or `u_ref` that is not positive, a negative amplitude or width; when the network is lowered,
            a group without a potential `V`, naming the connection.

    The defaults are those of the visual cortex, without homeostasis.

    Source: Clopath, Büsing, Vasilaki and Gerstner, Connectivity reflects coding: a model of voltage-based STDP with
    homeostasis, Nature Neuroscience 13 (2010).

    >>> Clopath(u_ref=60.0**0.5).theta_plus
    -45.3
    """

    reads: ClassVar = ("V",)
    a_minus: float = number(14e-5, least=0)
    a_plus: float = number(8e-5, least=0)
    theta_minus: float = number(-70.6)
    theta_plus: float = number(-45.3)
    tau_x: float = positive(15.0)
    tau_minus: float = positive(10.0)
    tau_plus: float = positive(7.0)
    tau_mean: float = positive(1000.0)
    u_ref: float | None = positive(None)
    v_rest: float = number(-70.6)
    v_spike: float = number(30.0)
    spike_width: float = number(2.0, least=0)

    def memories(self, dt: float) -> Mapping[str, Trace | Memory]:
        made: dict[str, Trace | Memory] = {
            "x": Trace("pre", self.tau_x),
            "u_minus": Memory("post", init=self.v_rest),
            "u_plus": Memory("post", init=self.v_rest),
        }
        return made if self.u_ref is None else made | {"mean": Memory("post", init=self.u_ref, batched=False, stay=True)}

    def change(
        self, at: Meeting, *, x: Traced, u_minus: jax.Array, u_plus: jax.Array, V: jax.Array, mean: jax.Array | None = None
    ) -> Mapping[str, jax.Array]:
        pulse = self.spike_width * at.post
        above = at.dt * jax.nn.relu(V - self.theta_plus) + pulse * jax.nn.relu(self.v_spike - self.theta_plus)
        u = V + pulse / at.dt * (self.v_spike - V)

        def followed(last: jax.Array, signal: jax.Array, tau: float) -> jax.Array:
            return Trace("post", tau, "average").step(last, signal, at.dt).now

        weaker = self.a_minus * jax.nn.relu(u_minus - self.theta_minus)
        new = {"u_minus": followed(u_minus, u, self.tau_minus), "u_plus": followed(u_plus, u, self.tau_plus)}
        if mean is not None and self.u_ref is not None:
            weaker = weaker * ((mean / self.u_ref) ** 2)[None]
            new["mean"] = followed(mean, (u - self.v_rest).mean(0), self.tau_mean)
        stronger = self.a_plus / self.tau_x * above * jax.nn.relu(u_plus - self.theta_minus)
        return {"weight": at.outer(stronger, x.now) - at.outer(weaker, at.pre), **new}
