"""A conductance that rises and decays."""

import abc
import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax._shapes import PerNeuron
from spaic_jax.neurons.base import coefficient
from spaic_jax.neurons.fields import Parameter, parameter
from spaic_jax.neurons.integrators import phi
from spaic_jax.neurons.receptors.base import Receptor
from spaic_jax.neurons.state import variable

#: Points and weights of the mean over a step: Gauss and Legendre's of order 16, exact to float32 up to 10 time constants.
_POINTS, _WEIGHTS = np.polynomial.legendre.leggauss(8)


class Propagator(NamedTuple):
    """What a step leaves of `g` and of `x`, what `x` gives to `g`, and what both give to the mean of `g` over the step."""

    decay: jax.Array
    rise: jax.Array
    gain: jax.Array
    mean: jax.Array
    mean_of_x: jax.Array


def rising(tau_rise: jax.Array, tau_decay: jax.Array, t: float | jax.Array) -> jax.Array:
    """`(exp(-t / tau_decay) - exp(-t / tau_rise)) / (1 / tau_rise - 1 / tau_decay)`, which is `t exp(-t / tau)` where both meet."""
    slow, fast = jnp.maximum(tau_rise, tau_decay), jnp.minimum(tau_rise, tau_decay)
    return t * jnp.exp(-t / slow) * phi(t / slow - t / fast)


def propagator(tau_rise: jax.Array, tau_decay: jax.Array, dt: float) -> Propagator:
    """The exact step of `tau_decay g' = -g + tau_decay x`, `tau_rise x' = -x`, for any time constants, equal ones as well."""
    rise, decay = jnp.broadcast_arrays(tau_rise, tau_decay)
    points, weights = (jnp.asarray(x.reshape(-1, *(1,) * rise.ndim), rise.dtype) for x in (_POINTS, _WEIGHTS))
    mean = (weights / 2 * rising(rise[None], decay[None], dt * (1 + points) / 2)).sum(0)
    gain = rising(tau_rise, tau_decay, dt)
    return Propagator(jnp.exp(-dt / tau_decay), jnp.exp(-dt / tau_rise), gain, phi(-dt / tau_decay), mean)


def unit_peak(tau_rise: jax.Array, tau_decay: jax.Array) -> jax.Array:
    """The `x` of which `g` rises from 0 to a peak of 1."""
    slow, fast = jnp.maximum(tau_rise, tau_decay), jnp.minimum(tau_rise, tau_decay)
    return jnp.exp(1 / phi(jnp.log(slow / fast))) / fast


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class RisingReceptor(Receptor):
    """A receptor whose conductance rises and decays: all of it but its time constants."""

    class State(Receptor.State):
        x: PerNeuron = variable(0.0)

    @abc.abstractmethod
    def times(self) -> tuple[jax.Array, jax.Array]:
        """The time constants of rise and decay, ms."""

    @coefficient
    def propagator(self) -> Propagator:
        return propagator(*self.times(), self.dt)

    @coefficient
    def scale(self) -> jax.Array:
        return unit_peak(*self.times())

    def step(self, state: State, increment: PerNeuron, v: PerNeuron) -> State:
        p = self.propagator
        x = state.x + self.scale * increment
        current = self.current(p.mean * state.g + p.mean_of_x * x, v)
        return self.State(g=p.decay * state.g + p.gain * x, x=p.rise * x, I=current, O=current)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class DualExponentialReceptor(RisingReceptor):
    """A conductance, or a current, that rises and decays, with a peak of the weight.

    $$ g' = -g / \\tau_{decay} + x, \\quad x' = -x / \\tau_{rise}, \\qquad x \\leftarrow x + c w, \\qquad I = g (E - V) $$

    or I = g where `E` is `None`: the difference of two exponentials, with c such that one spike of weight w raises g from 0 to
    w, and no more, after `log(tau_decay / tau_rise) tau_rise tau_decay / (tau_decay - tau_rise)` ms. So a weight is a peak
    conductance. The propagator is exact at every dt, for equal time constants as well.

    Args:
        tau_rise, tau_decay: time constants, ms; numbers, one a neuron, or drawn.
        E: reversal potential, in the unit of the model's `V`, mV; `None` for a current of its own.
        g, x: what it begins with; both decay from there.

    Source: Roth and van Rossum, Modeling synapses (2009); NEST, `iaf_cond_beta`.

    >>> receptor = DualExponentialReceptor(tau_rise=1.0, tau_decay=4.0)
    >>> round(float(receptor.first_step(jnp.ones((1, 1)), jnp.zeros((1, 1)), dt=np.log(4.0) * 4 / 3).g[0, 0]), 4)
    1.0
    """

    tau_rise: Parameter = parameter(1.0, positive=True)
    tau_decay: Parameter = parameter(5.0, positive=True)

    def times(self) -> tuple[jax.Array, jax.Array]:
        return self.tau_rise, self.tau_decay
