"""A fixed delay for each presynaptic neuron."""

import dataclasses
import math

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax.program import Constant, Context, Fragment, Given, Op, Variable
from spaic_jax.synapses.delays.axonal import renewed
from spaic_jax.synapses.delays.base import ROUNDING, Delays
from spaic_jax.synapses.delays.fixed import steps_of


def sent_before(
    past: jax.Array, delay: jax.Array, step: jax.Array, now: jax.Array | None = None, *, least: int, dt: float
) -> jax.Array:
    """What each neuron gave as many steps ago as its delay has, of a ring of the last ones.

    Args:
        past: the ring, `[B, steps, *shape]`.
        delay: ms, `[*shape]` or one number.
        step: number of the step.
        now: what the neurons give in this step, where a delay may have none.
        least: whole steps that every delay has at least.
        dt: length of a step, ms.
    """
    slots = past.shape[1]
    steps = jnp.broadcast_to(jnp.maximum(steps_of(delay, slots=slots + 1, dt=dt), least), past.shape[2:])
    place = ((step - steps) % slots)[None, None]
    value = jnp.take_along_axis(past, place, axis=1, mode="clip")[:, 0]
    return value if now is None else jnp.where(steps[None] == 0, now.astype(past.dtype), value)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class NeuronDelay(Delays):
    """A fixed delay for each presynaptic neuron, rounded down to whole steps, on any link.

    $$ I_i(t) = \\sum_j W_{ij}\\, s_j(t - \\lfloor d_j / dt \\rfloor) $$

    The last `max_delay / dt` values of each neuron are kept, and one of them is read: the link costs what it does without
    delays. A delay below one step is none.

    Args:
        value: array of ms of the shape of the presynaptic end, one number for all, an initial value, or `None` for
            U(min_delay, max_delay).
        min_delay: shortest delay, ms, to which shorter drawn ones are brought; by default the shortest of those given, 1 where no
            value is given, and else 0. The longer it is, the longer the pieces in which a plan can compute a loop. Later values
            (`Simulator.set`) must not be shorter.
        max_delay: longest delay, ms, to which longer ones are cut; the longest of a given array by default.

    Raises:
        ValueError: a delay that is negative or no finite number, or no `max_delay` where delays are drawn; at build, an array
            of another shape.

    Source: the axonal delays of Shrestha and Orchard, SLAYER (2018), here not trained; `Delay` of NIR, Pedersen et al. (2024).

    >>> NeuronDelay(value=[2.0, 6.0]).bounds
    (2.0, 6.0)
    """

    @property
    def bounds(self) -> tuple[float, float | None]:
        """The shortest and the longest delay, ms."""
        if self.min_delay is not None or not isinstance(self.value, Given | Constant):
            return self.min_delay or 0.0, self.max_delay
        return min(float(np.min(self.value.value)), self.max_delay or 0.0), self.max_delay

    def delayed(self, name: str, source: str, shape: tuple[int, ...], context: Context) -> tuple[str, Fragment]:
        """A read of what each neuron of `source` gave some steps ago, and what it takes; as of `axonal.delayed`.

        Args:
            name: of the connection, prefix of its variables.
            source: the read that is delayed, `[B, *shape]`.
            shape: shape of one sample of it.
            context: of the lowering.

        Raises:
            ValueError: an array of another shape; a longest delay of less than a step.
        """
        where, init = f"connection '{name}'", self.first()
        if isinstance(init, Given) and init.value.shape != shape:
            raise ValueError(f"{where}: delay has shape {init.value.shape}, but needs {shape}, that of its presynaptic neurons.")
        least = math.floor(self.bounds[0] / context.dt * (1 + ROUNDING))
        past = Variable(f"{name}.past", (self.slots(context.dt, where) - 1, *shape), ring=True)
        delay = Variable(
            f"{name}.delay", () if isinstance(init, Constant) else shape, role="constant", init=init, bounds=self.bounds, narrow=False
        )
        read, now = f"{name}.delayed", () if least else (source,)
        rows = (
            # No slot that is read was written in the last `least` steps.
            Op(
                read, sent_before, (past.name, delay.name, "[step]", *now), name=f"{name}.delay", lag=max(least, 1),
                settings={"least": least, "dt": context.dt},
            ),
            Op(past.name, renewed, (past.name, source, "[step]")),
        )
        return read, Fragment((past, delay), rows)
