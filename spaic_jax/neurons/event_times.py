"""What a step adds for `EventProp`: the derivative of the times of its spikes.

The state variable `shift` is by how many ms the last spike would come earlier. It is always 0: only its derivative with
respect to parameters is of interest, and that is all that a step adds to spikes and potentials.
"""

import dataclasses
from types import SimpleNamespace

import jax
import jax.numpy as jnp

from spaic_jax._nudge import nudge
from spaic_jax.surrogate import EventProp


@dataclasses.dataclass(frozen=True)
class EventTimes:
    """A step of a neuron with a threshold, in the order `before`, equation, `after`.

    Attributes:
        rule: what is added.
        p: parameters, with `tau_m`, `v_th` and `v_reset`.
        state: the state before the step, with `V`, `shift` and, where there is a refractory period, `refrac`.
    """

    rule: EventProp
    p: SimpleNamespace
    state: SimpleNamespace

    @property
    def jump(self) -> jax.Array:
        """How far a reset takes the potential down."""
        return self.p.v_th - self.p.v_reset

    @property
    def emitted(self) -> jax.Array:
        """The shift of a spike of the previous step, else 0."""
        if self.p.t_ref is None:
            return self.state.shift
        return jnp.where(self.state.refrac == jnp.round(self.p.t_ref / self.p.dt), self.state.shift, 0.0)

    @property
    def held(self) -> jax.Array | bool:
        """Whether the refractory period still holds the potential, and so the shift."""
        return False if self.p.t_ref is None else self.state.refrac > 0

    def before(self, slope: jax.Array, detach: bool) -> jax.Array:
        """The potential that the step begins with.

        A reset that comes earlier lowers the potential in the step of the spike; afterwards it lets the potential rise
        for longer.

        Args:
            slope: of the potential, per ms, as the step begins.
            detach: whether no gradient passes the reset.
        """
        longer = jnp.zeros_like(slope) if detach else jnp.where(self.held, 0.0, slope * self.state.shift)
        return nudge(self.state.V, longer + self.jump / self.p.dt * self.emitted)

    def after(self, v: jax.Array, fired: dict[str, jax.Array], reset: jax.Array) -> dict[str, jax.Array]:
        """The state after the step.

        Args:
            v: the potential before the reset.
            fired: the spikes `"O"` and what else is there.
            reset: the potential after the reset.
        """
        p, x, spiked = self.p, v - self.p.v_th, fired["O"] > 0
        slope = jnp.maximum((v - self.state.V) / p.dt, self.rule.least_slope * self.jump / p.tau_m)
        earlier = nudge(jnp.zeros_like(x), x / jax.lax.stop_gradient(slope))
        shift = jnp.where(spiked, earlier, jnp.where(self.held, self.state.shift, 0.0))
        now = jnp.where(spiked, shift, 0.0) / p.dt
        after = jnp.where(spiked, p.v_reset + jax.lax.stop_gradient(reset - p.v_reset), v)
        return {**fired, "O": nudge(fired["O"], now - self.emitted / p.dt), "V": nudge(after, -self.jump * now), "shift": shift}
