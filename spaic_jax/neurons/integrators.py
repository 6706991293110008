"""One step of an ordinary differential equation.

The input is held for the step: in every stage it is that of the step. The order that a model gives for its integrators is
that at which its variables approach the solution of such an input between spikes; a spike itself is put at the end of the
step that it falls in, whatever the integrator.
"""

from collections.abc import Callable, Mapping
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from spaic_jax._errors import unknown

Integrator = Literal["euler", "exponential_euler", "rk4"]
Derivatives = Callable[[dict[str, jax.Array]], Mapping[str, jax.Array]]
INTEGRATORS = ("euler", "exponential_euler", "rk4")

#: Steps longer than so many time constants of a decay make it grow.
STABLE = {"euler": 2.0, "rk4": 2.785}

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
        series = 1 + near / n * series
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
    * `"rk4"`: the classical Runge-Kutta method, of order 4; stable up to 2.785 time constants.
    """
    if integrator == "euler":
        slopes = derivatives(state)
        return {name: x + dt * slopes[name] for name, x in state.items()}
    if integrator == "exponential_euler":

        def moved(name: str, x: jax.Array) -> jax.Array:
            slope, bend = jax.jvp(lambda x: derivatives(state | {name: x})[name], (x,), (jnp.ones_like(x),))
            return x + dt * slope * phi(dt * bend)

        return {name: moved(name, x) for name, x in state.items()}

    def ahead(slopes: Mapping[str, jax.Array], time: float | jax.Array) -> dict[str, jax.Array]:
        return {name: x + time * slopes[name] for name, x in state.items()}

    k1 = derivatives(state)
    k2 = derivatives(ahead(k1, dt / 2))
    k3 = derivatives(ahead(k2, dt / 2))
    k4 = derivatives(ahead(k3, dt))
    return {name: x + dt / 6 * (k1[name] + 2 * k2[name] + 2 * k3[name] + k4[name]) for name, x in state.items()}
