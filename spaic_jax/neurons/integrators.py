"""One step of an ordinary differential equation.

The input is held for the step: in every stage it is that of the step. The order that a model gives for its integrators is
that at which its variables approach the solution of such an input between spikes; a spike itself is put at the end of the
step that it falls in, whatever the integrator.
"""

from collections.abc import Callable, Mapping
from typing import Literal, get_args

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from spaic_jax._errors import unknown

Integrator = Literal["euler", "exponential_euler", "heun", "strang", "rk4"]
#: Of one leak towards a resting point that does not move within a step.
LeakIntegrator = Literal["euler", "exact"]
Derivatives = Callable[[dict[str, jax.Array]], Mapping[str, jax.Array]]
INTEGRATORS = get_args(Integrator)

#: Steps longer than so many time constants of a decay make it grow.
STABLE = {"euler": 2.0, "heun": 2.0, "rk4": 2.785}

#: Growth within one step beyond which only the sign of what comes next matters; it keeps the exponential finite.
_LARGEST = 30.0


def check_integrator(model: str, integrator: str, known: tuple[str, ...] = INTEGRATORS) -> None:
    """ValueError unless `integrator` is one of `known`."""
    if integrator not in known:
        raise ValueError(f"{model}: {unknown('integrator', integrator, known)}")


def check_stable(integrator: str, dt: float, times: Mapping[str, ArrayLike]) -> None:
    """ValueError where a step of `dt` ms is too long for one of the time constants `times`, ms, by name."""
    for name, time in times.items():
        shortest = float(np.min(time))
        if integrator in STABLE and dt > STABLE[integrator] * shortest:
            raise ValueError(
                f"dt {dt:g} ms is more than {STABLE[integrator]:g} times {name}, {shortest:g} ms: by '{integrator}' what should"
                f" decay then grows; it needs a dt of at most {STABLE[integrator] * shortest:g} ms."
            )


def share_of_way(integrator: LeakIntegrator, dt: float, tau: jax.Array) -> jax.Array:
    """Which part of the way to where it would come to rest a leaky variable goes in a step, `tau x' = rest - x`.

    It is `1 - e^(-dt / tau)`, or `dt / tau` by forward Euler.
    """
    return -jnp.expm1(-dt / tau) if integrator == "exact" else dt / tau


def bounded(derivatives: Derivatives, name: str, peak: jax.Array) -> Derivatives:
    """`derivatives` that see the variable `name` no higher than `peak`, where a spike is cut off.

    A stage of `"rk4"` may lie far beyond it, where the slope is of any size and no solution ever is: a variable without
    a reset would keep what it saw there.
    """
    return lambda x: derivatives(x | {name: jnp.minimum(x[name], peak)})


def phi(z: jax.Array) -> jax.Array:
    """`(e^z - 1) / z`, which is 1 at 0, with finite gradients everywhere."""
    z = jnp.clip(z, -1e4, _LARGEST)
    small = jnp.abs(z) < 0.3
    # A series near 0 and the exponential elsewhere: on a CPU expm1 takes several times longer.
    near = jnp.where(small, z, jnp.zeros_like(z))
    series = jnp.ones_like(z)
    for n in range(12 if z.dtype == jnp.float64 else 7, 1, -1):
        series = 1 + near * (1 / n) * series
    far = jnp.where(small, jnp.ones_like(z), z)
    return jnp.where(small, series, (jnp.exp(far) - 1) / far)


def advance(
    integrator: Integrator,
    derivatives: Derivatives,
    state: dict[str, jax.Array],
    dt: float | jax.Array,
) -> dict[str, jax.Array]:
    """The state after `dt` of `x' = derivatives(x)`.

    * `"euler"`: forward Euler, of order 1; stable up to 2 time constants.
    * `"exponential_euler"`: each variable on its own, with its equation linearised about where it is and the others at
      rest; exact for a linear equation, of order 2 for one equation and of order 1 for several, and stable at any step. A
      neuron's derivative may depend on that neuron only.
    * `"heun"`: the mean of the slopes at both ends of an Euler step, of order 2; stable up to 2 time constants.
    * `"strang"`: one variable after another, each as by `"exponential_euler"`: all but the last by half a step, the last by
      a whole one, and back again in the opposite order (Strang 1968). Of order 2, and stable at any step: for a membrane
      and its gates, where no explicit method is stable at 0.1 ms.
    * `"rk4"`: the classical Runge-Kutta method, of order 4; stable up to 2.785 time constants.
    """

    def ahead(slopes: Mapping[str, jax.Array], time: float | jax.Array) -> dict[str, jax.Array]:
        return {name: x + time * slopes[name] for name, x in state.items()}

    if integrator == "exponential_euler":
        return {name: _relaxed(derivatives, state, name, dt) for name in state}
    if integrator == "strang":
        *others, last = state
        for name in (*others, last, *others[::-1]):
            state = state | {name: _relaxed(derivatives, state, name, dt if name == last else dt / 2)}
        return state
    k1 = derivatives(state)
    if integrator == "euler":
        return ahead(k1, dt)
    if integrator == "heun":
        k2 = derivatives(ahead(k1, dt))
        return {name: x + dt / 2 * (k1[name] + k2[name]) for name, x in state.items()}
    k2 = derivatives(ahead(k1, dt / 2))
    k3 = derivatives(ahead(k2, dt / 2))
    k4 = derivatives(ahead(k3, dt))
    return {name: x + dt / 6 * (k1[name] + 2 * k2[name] + 2 * k3[name] + k4[name]) for name, x in state.items()}


def linearised(derivatives: Derivatives, state: dict[str, jax.Array], name: str) -> tuple[jax.Array, jax.Array]:
    """The slope of a variable, and how the slope changes with that variable alone."""
    x = state[name]
    return jax.jvp(lambda x: derivatives(state | {name: x})[name], (x,), (jnp.ones_like(x),))


def _relaxed(
    derivatives: Derivatives, state: dict[str, jax.Array], name: str, time: float | jax.Array
) -> jax.Array:
    """A variable after `time`, with its equation linearised about where it is and the others at rest."""
    slope, bend = linearised(derivatives, state, name)
    return state[name] + time * slope * phi(time * bend)


def diffused(
    integrator: Integrator,
    derivatives: Derivatives,
    state: dict[str, jax.Array],
    dt: float | jax.Array,
    sizes: Mapping[str, jax.Array | float],
    key: jax.Array,
) -> dict[str, jax.Array]:
    """What white noise adds to some variables in a step of `dt`.

    Noise of size `sigma` alone adds a normal number of variance `sigma^2 dt`. What a step's noise has left at its end in an
    equation that decays at a rate `r` has the variance `sigma^2 (1 - e^(-2 r dt)) / (2 r)`: with that, and an exact step,
    the variance is right at any `dt`. The rate is that of the equation linearised about `state`, 0 where that grows;
    `"euler"` goes without.

    Args:
        sizes: `sigma` by variable, in its units per square root of a ms.
        key: random key.
    """
    added = {}
    for name, own in zip(sizes, jax.random.split(key, len(sizes)), strict=True):
        x = state[name]
        bend = jnp.zeros_like(x) if integrator == "euler" else jnp.minimum(linearised(derivatives, state, name)[1], 0)
        added[name] = sizes[name] * jnp.sqrt(dt * phi(2 * dt * bend)) * jax.random.normal(own, x.shape, x.dtype)
    return added
