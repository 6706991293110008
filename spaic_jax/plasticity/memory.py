"""What a learning rule remembers from step to step: traces of what happens at an end of a connection, and values of its own."""

import dataclasses
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp

End = Literal["pre", "post"]
#: Which pairs of spikes count.
Pairs = Literal["all", "nearest"]
#: How a trace follows its signal: see `Trace`.
Kind = Literal["all", "nearest", "average"]


class Traced(NamedTuple):
    """A trace in a step.

    Attributes:
        now: with what happens in this step.
        before: without it: the trace just before a spike of this step.
    """

    now: jax.Array
    before: jax.Array


@dataclasses.dataclass(frozen=True)
class Trace:
    """A low-pass filtered signal of one end of a connection, `[B, *shape of the end]`.

    With `k = exp(-dt / tau)` and the signal s,

        all      x = k x + s                all pairs of spikes interact
        nearest  x = k x, and 1 at a spike  only the nearest spikes do
        average  x = k x + (1 - k) s        a mean over about tau

    Attributes:
        end: `"pre"`: what arrives at the synapses, after all delays; `"post"`: the postsynaptic group.
        tau: time constant, ms.
        kind: how it follows the signal.
        of: a variable of the postsynaptic group, such as `"V"`; by default its spikes.
        stay: whether it lasts over presentations (`Simulator.restart`).

    >>> x = Trace("pre", tau=20.0)
    >>> [round(float(v), 2) for v in x.step(jnp.array(1.0), jnp.array(1.0), 20.0)]
    [1.37, 0.37]
    """

    end: End
    tau: Any
    kind: Kind = "all"
    of: str | None = None
    stay: bool = False

    def step(self, last: jax.Array, signal: jax.Array, dt: Any) -> Traced:
        """The trace after a step of `dt` ms with a signal."""
        kept = jnp.exp(-dt / jnp.asarray(self.tau, last.dtype))
        before = last * kept
        if self.kind == "nearest":
            return Traced(jnp.where(signal > 0, jnp.ones_like(before), before), before)
        return Traced(before + ((1 - kept) * signal if self.kind == "average" else signal), before)


@dataclasses.dataclass(frozen=True)
class Memory:
    """A value that a rule's `change` gives itself for the next step.

    Attributes:
        of: its shape: that of an end of the connection, of the weights (`"synapse"`), or none (`"one"`).
        init: its first value.
        batched: whether each sample has its own.
        stay: whether it lasts over presentations (`Simulator.restart`).
    """

    of: Literal["pre", "post", "synapse", "one", "sent"]
    init: Any = 0.0
    batched: bool = True
    stay: bool = False
