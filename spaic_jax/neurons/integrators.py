"""One step of an ordinary differential equation."""

from collections.abc import Callable, Mapping
from typing import Literal

import jax
import jax.numpy as jnp

from spaic_jax._errors import unknown

Integrator = Literal["euler", "exponential_euler", "rk4"]
INTEGRATORS = ("euler", "exponential_euler", "rk4")

#: Growth within one step beyond which only the sign of what comes next matters; it keeps the exponential finite.
_LARGEST = 30.0


def check_integrator(model: str, integrator: str, known: tuple[str, ...] = INTEGRATORS) -> None:
    """ValueError unless `integrator` is one of `known`."""
    if integrator not in known:
        raise ValueError(f"{model}: {unknown('integrator', integrator, known)}")


def phi(z: jax.Array) -> jax.Array:
    """`(e^z - 1) / z`, which is 1 at 0, with finite gradients everywhere."""
    z = jnp.clip(z, -1e4, _LARGEST)
    small = jnp.abs(z) < 0.3
    # A series near 0 and the exponential elsewhere: on a CPU expm1 takes several times longer.
    near = jnp.where(small, z, jnp.zeros_like(z))
    series = jnp.ones_like(z)
    for n in range(7, 1, -1):
        series = 1 + near / n * series
    far = jnp.where(small, jnp.ones_like(z), z)
    return jnp.where(small, series, (jnp.exp(far) - 1) / far)


def advance(
    integrator: Integrator,
    derivatives: Callable[[dict[str, jax.Array]], Mapping[str, jax.Array]],
    state: dict[str, jax.Array],
    dt: float | jax.Array,
) -> dict[str, jax.Array]:
    """The state after `dt` of `x' = derivatives(x)`.

    * `"euler"`: forward Euler.
    * `"exponential_euler"`: each variable on its own, with its equation linearised about where it is and the others at
      rest; exact for a linear equation. A neuron's derivative may depend on that neuron only.
    * `"rk4"`: the classical Runge-Kutta method of fourth order.
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
