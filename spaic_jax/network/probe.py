"""Monitors: what a run keeps beside its outputs."""

from typing import Any

import jax
import jax.numpy as jnp

from spaic_jax._errors import unknown
from spaic_jax.network.connection import Connection
from spaic_jax.network.element import Element
from spaic_jax.network.encoder import Encoder
from spaic_jax.network.group import NeuronGroup
from spaic_jax.program import Last, Max, Mean, Reduction, Sum

REDUCTIONS: dict[str, Reduction] = {"sum": Sum(), "mean": Mean(), "max": Max(), "last": Last()}


def as_events(spikes: jax.Array) -> jax.Array:
    """Spikes as booleans, a quarter of the memory; any value but zero is a spike."""
    return spikes != jnp.zeros((), spikes.dtype)


class StateMonitor(Element):
    """Keeps a variable: the result's `probes[name]`, `[T, B, *shape]`, or reduced over time.

    Args:
        target: a group, an encoder, or a connection (whose `weight` does not change in a run without plasticity).
        var_name: the variable, such as `"V"`; its value after the step, as a monitor of SPAIC sees it.
        every: keep each `every`-th step, the first one included.
        reduce: `None` stacks the steps; `"sum"`, `"mean"`, `"max"` and `"last"` reduce as the run goes.
        name: name in the network; by default that of the attribute or variable it is bound to.

    Raises:
        ValueError: unknown reduction, `every` below 1, or `every` with a reduction.
        TypeError: a target that has no variables.

    Example:
        >>> StateMonitor(NeuronGroup(10, model="lif"), "V", every=5).every
        5
    """

    def __init__(
        self, target: Any, var_name: str, *, every: int = 1, reduce: str | None = None, name: str | None = None
    ):
        if not isinstance(target, NeuronGroup | Encoder | Connection):
            raise TypeError(f"{type(self).__name__}: the target must be a group, an encoder or a connection, not {target!r}.")
        if reduce is not None and reduce not in REDUCTIONS:
            raise ValueError(unknown("reduction", reduce, REDUCTIONS))
        if every < 1 or (every > 1 and reduce):
            raise ValueError(f"{type(self).__name__}: every must be at least 1, and 1 beside a reduction, got {every}.")
        self._declare(target=target, var_name=var_name, every=every, reduce=reduce, name=name)

    target: NeuronGroup | Encoder | Connection
    var_name: str
    every: int
    reduce: str | None


class SpikeMonitor(StateMonitor):
    """Keeps spikes as booleans: the result's `probes[name]`, `[T, B, *shape]`. No gradient passes it.

    Args:
        target: a group or an encoder.
        var_name: the spikes.
        name: name in the network; by default that of the attribute or variable it is bound to.

    Example:
        >>> SpikeMonitor(NeuronGroup(10, model="lif")).var_name
        'O'
    """

    def __init__(self, target: NeuronGroup | Encoder, var_name: str = "O", *, name: str | None = None):
        super().__init__(target, var_name, name=name)
