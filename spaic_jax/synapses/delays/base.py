"""Delays of each synapse: fixed, or trained with a gradient."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax.program import Constant, Given, Op, Uniform, Variable
from spaic_jax.program.initial import as_initial
from spaic_jax.synapses.base import Ends


@dataclasses.dataclass(frozen=True)
class _Kernel:
    """How much of a weight arrives how many steps later, `[slots * post, pre]`; a comparable function of arrays."""

    kind: type["SynapticDelay"]
    slots: int
    dt: float

    def __str__(self) -> str:
        return f"{self.kind.__name__}.kernel"

    def __call__(self, weight: jax.Array, delay: jax.Array, *settings: jax.Array) -> jax.Array:
        steps = jnp.clip(delay / self.dt, 0, self.slots - 1)[None]
        slots = jnp.arange(self.slots, dtype=delay.dtype)[:, None, None]
        shares = self.kind.shares(steps, slots, self.dt, *settings)
        return (weight[None] * shares.astype(weight.dtype)).reshape(-1, weight.shape[1])


@dataclasses.dataclass(frozen=True)
class _Sent:
    """What this step's spikes send, by the number of steps it takes, `[B, slots, post]`."""

    slots: int

    def __str__(self) -> str:
        return "sent"

    def __call__(self, spikes: jax.Array, kernel: jax.Array) -> jax.Array:
        batch = spikes.shape[0]
        return (spikes.reshape(batch, -1) @ kernel.T).reshape(batch, self.slots, -1)


@dataclasses.dataclass(frozen=True)
class _Arrive:
    """What arrives now, and what is still under way."""

    post_shape: tuple[int, ...]

    def __str__(self) -> str:
        return "arrive"

    def __call__(self, ahead: jax.Array, sent: jax.Array, bias: jax.Array | None = None) -> tuple[jax.Array, jax.Array]:
        total = jnp.concatenate([ahead, jnp.zeros_like(sent[:, :1])], axis=1) + sent
        current = total[:, 0] if bias is None else total[:, 0] + bias[None]
        return current.reshape(current.shape[0], *self.post_shape), total[:, 1:]


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class SynapticDelay:
    """A fixed delay for each synapse, rounded down to whole steps.

    $$ I_i(t) = \\sum_j W_{ij}\\, s_j(t - \\lfloor d_{ij} / dt \\rfloor) $$

    Spikes are multiplied by the weights once for each number of steps that a delay may have, in one product outside of
    any loop; so it costs `max_delay / dt + 1` times a connection without delays.

    Args:
        value: `(post, pre)` array of ms, an initial value, or `None` for U(min_delay, max_delay).
        min_delay: shortest delay that is drawn, ms.
        max_delay: longest delay, ms, to which longer ones are cut; the longest of a given array by default.

    Raises:
        ValueError: a negative delay, or no `max_delay` where delays are drawn.

    Source: SPAIC, `max_delay`; there 0 stands for the longest delay, here for none.

    >>> SynapticDelay(max_delay=6.0).min_delay
    1.0
    """

    #: Whether it has a gradient, and so is trained as the weights are.
    trained: ClassVar[bool] = False

    value: Any = None
    min_delay: float = 1.0
    max_delay: float | None = None

    def __post_init__(self) -> None:
        kind = type(self).__name__
        if self.value is not None:
            object.__setattr__(self, "value", as_initial(self.value))
        given = self.value.value if isinstance(self.value, Given | Constant) else None
        if given is not None and np.min(given) < 0:
            raise ValueError(f"{kind}: a delay must not be negative, but the shortest is {np.min(given):g} ms.")
        if self.max_delay is None:
            if given is None or self.trained:
                raise ValueError(f"{kind}: max_delay must say how long a delay may be, in ms.")
            object.__setattr__(self, "max_delay", float(np.max(given)))
        longest = self.max_delay
        if isinstance(longest, bool) or not isinstance(longest, int | float) or not 0 <= longest < math.inf:
            raise ValueError(f"{kind}: max_delay must be a number of milliseconds, not {longest!r}.")
        if self.value is None and not 0 <= self.min_delay <= longest:
            raise ValueError(f"{kind}: min_delay must lie between 0 and max_delay {longest:g} ms, got {self.min_delay!r}.")

    @staticmethod
    def shares(steps: jax.Array, slots: jax.Array, dt: float, *settings: jax.Array) -> jax.Array:
        """Which share of a weight arrives in each slot, `[slots, post, pre]`, for delays in steps `[1, post, pre]`."""
        # What is a whole number of steps but for rounding counts as one: 0.3 ms are three steps of 0.1 ms.
        return slots == jnp.floor(steps + 1e-4)

    def settings(self, name: str) -> list[Variable]:
        """Further variables that `shares` takes."""
        return []

    def lower(self, ends: Ends, weight: str, bias: Sequence[str]) -> tuple[Sequence[Variable], Sequence[Op]]:
        """The delays, what is under way, and the rows from the weights to the current."""
        pre, post = math.prod(ends.pre_shape), math.prod(ends.post_shape)
        assert self.max_delay is not None
        init = self.value if self.value is not None else Uniform(self.min_delay, self.max_delay)
        if isinstance(init, Given) and init.value.shape != (post, pre):
            raise ValueError(
                f"connection '{ends.name}': delay has shape {init.value.shape}, but needs {(post, pre)} (post, pre)."
            )
        slots = math.ceil(self.max_delay / ends.dt - 1e-4) + 1
        trained = self.trained and ends.trainable
        delay = Variable(
            f"{ends.name}.delay", (post, pre), role="parameter" if trained else "constant", init=init,
            bounds=(0.0, self.max_delay),
        )
        if slots < 2:
            raise ValueError(
                f"connection '{ends.name}': max_delay {self.max_delay:g} ms is less than a step of {ends.dt:g} ms."
            )
        ahead = Variable(f"{ends.name}.ahead", (slots - 1, post))
        settings = self.settings(ends.name)
        kernel, sent = f"{ends.name}.kernel", f"{ends.name}.sent"
        made = (weight, delay.name, *(setting.name for setting in settings))
        ops = [
            Op(kernel, _Kernel(type(self), slots, ends.dt), made, name=kernel),
            Op(sent, _Sent(slots), (ends.source, kernel), name=sent),
        ]
        ops.append(Op((ends.target, ahead.name), _Arrive(ends.post_shape), (ahead.name, sent, *bias), name=ends.name))
        return [delay, *settings, ahead], ops
