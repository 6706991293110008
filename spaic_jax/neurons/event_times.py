"""What a step adds for `EventProp`: the derivative of the times of its spikes.

The state variable `shift` is by how many ms the last spike would come earlier. It is always 0: only its derivative with
respect to parameters is of interest, and that is all that a step adds to spikes and potentials.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp

from spaic_jax._nudge import nudge
from spaic_jax.surrogate import EventProp

if TYPE_CHECKING:
    from spaic_jax.neurons.cubalif import CubaLIF


@dataclasses.dataclass(frozen=True)
class EventTimes:
    """A step of a neuron with a threshold, in the order `before`, equation, `after`.

    Attributes:
        model: the neurons.
        state: the state before the step.
    """

    model: CubaLIF
    state: CubaLIF.State

    @property
    def shift(self) -> jax.Array:
        """The shift before the step."""
        assert self.state.shift is not None
        return self.state.shift

    @property
    def jump(self) -> jax.Array:
        """How far a reset takes the potential down."""
        return self.model.v_th - self.model.v_reset

    @property
    def emitted(self) -> jax.Array:
        """The shift of a spike of the previous step, else 0."""
        if self.state.refrac is None:
            return self.shift
        return jnp.where(self.state.refrac == jnp.round(self.model.t_ref / self.model.dt), self.shift, 0.0)

    @property
    def held(self) -> jax.Array | bool:
        """Whether the refractory period still holds the potential, and so the shift."""
        return False if self.state.refrac is None else self.state.refrac > 0

    def before(self, slope: jax.Array) -> jax.Array:
        """The potential that the step begins with.

        A reset that comes earlier lowers the potential in the step of the spike; afterwards it lets the potential rise
        for longer.

        Args:
            slope: of the potential, per ms, as the step begins.
        """
        detach = self.model.detach_reset
        longer = jnp.zeros_like(slope) if detach else jnp.where(self.held, 0.0, slope * self.shift)
        return nudge(self.state.V, longer + self.jump / self.model.dt * self.emitted)

    def after(self, v: jax.Array, new: CubaLIF.State) -> CubaLIF.State:
        """The state after the step.

        Args:
            v: the potential before the reset.
            new: the state after the step, as values.
        """
        m, x, spiked = self.model, v - self.model.v_th, new.O > 0
        assert isinstance(m.surrogate, EventProp)
        slope = jnp.maximum((v - self.state.V) / m.dt, m.surrogate.least_slope * self.jump / m.tau_m)
        earlier = nudge(jnp.zeros_like(x), x / jax.lax.stop_gradient(slope))
        shift = jnp.where(spiked, earlier, jnp.where(self.held, self.shift, 0.0))
        now = jnp.where(spiked, shift, 0.0) / m.dt
        after = jnp.where(spiked, m.v_reset + jax.lax.stop_gradient(new.V - m.v_reset), v)
        return dataclasses.replace(
            new, O=nudge(new.O, now - self.emitted / m.dt), V=nudge(after, -self.jump * now), shift=shift
        )
