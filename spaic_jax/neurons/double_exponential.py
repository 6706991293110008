"""The difference of a slow and a fast trace of the input, which its models share.

$$ M_t = a M_{t-1} + V_0 I_t, \\quad S_t = b S_{t-1} + V_0 I_t, \\quad P_t = M_t - S_t, \\qquad
   a = e^{-dt/\\tau_p}, \\quad b = e^{-dt/\\tau_q}, \\quad V_0 = \\beta^{\\beta/(\\beta-1)} / (\\beta-1), \\quad
   \\beta = \\tau_p / \\tau_q $$

V0 makes the peak of a unit input's P 1. Where the time constants meet, V0 and both traces grow without bound and their
difference stays: it tends to `e t/tau exp(-t/tau)`. So P is a variable of its own, `P_t = a P_{t-1} + (a - b) S_{t-1}`, and
`V0 (a - b)` is computed as a whole, without a difference or a division of what vanishes.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from spaic_jax._shapes import PerNeuron
from spaic_jax.neurons.integrators import phi

#: Where beta is nearer to 1, M and S have the V0 of a beta so far from it, and P is right none the less.
_NEAREST = 1e-3


class Gains(NamedTuple):
    """The decays of the two traces, their gain, and `a - b`, times what `V0` is short of its right value."""

    slow: jax.Array
    fast: jax.Array
    V0: jax.Array
    split: jax.Array


def excess(tau_p: jax.Array, tau_q: jax.Array) -> jax.Array:
    """beta - 1, at least `_NEAREST` from 0."""
    beyond = (tau_p - tau_q) / tau_q
    return jnp.where(jnp.abs(beyond) < _NEAREST, jnp.where(beyond < 0, -_NEAREST, _NEAREST), beyond)


def gains(tau_p: jax.Array, tau_q: jax.Array, dt: float, given: jax.Array | None = None) -> Gains:
    """What the two traces need, with a gain that follows from the time constants unless it is `given`."""
    a, b = jnp.exp(-dt / tau_p), jnp.exp(-dt / tau_q)
    beyond = (tau_p - tau_q) / tau_q
    # a - b over beta - 1: the greater decay times what the other has lost beside it.
    apart = dt * (beyond / tau_p)
    slope = jnp.where(apart > 0, a * phi(-apart), b * phi(apart)) * (dt / tau_p)
    if given is not None:
        return Gains(a, b, given, slope * beyond)
    # beta^(beta / (beta - 1)), which is e at 1.
    peak = jnp.exp(1 / phi(-jnp.log1p(beyond)))
    far = excess(tau_p, tau_q)
    return Gains(a, b, peak / far, slope * far)


def traces(
    gains: Gains, difference: PerNeuron, fast: PerNeuron, drive: PerNeuron
) -> tuple[PerNeuron, PerNeuron, PerNeuron]:
    """The variables M, S and P after a step that adds `drive`, which V0 has amplified already.

    `difference` and `fast` are P and S of the step before.
    """
    difference, fast = gains.slow * difference + gains.split * fast, gains.fast * fast + drive
    return difference + fast, fast, difference
