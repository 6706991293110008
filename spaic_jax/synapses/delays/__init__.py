"""Delays, one kind a file, and the table of those that differ."""

import dataclasses
from typing import Any

import numpy as np

from spaic_jax._numbers import real
from spaic_jax._tables import resolve
from spaic_jax.program import Initial
from spaic_jax.synapses.delays.axonal import delayed
from spaic_jax.synapses.delays.base import Delays, SynapticDelay
from spaic_jax.synapses.delays.fixed import FixedDelay
from spaic_jax.synapses.delays.gaussian import GaussianDelay
from spaic_jax.synapses.delays.linear import LinearDelay
from spaic_jax.synapses.delays.neuron import NeuronDelay
from spaic_jax.synapses.delays.rotation import RotationDelay

DELAYS: dict[str, type[Delays]] = {
    "fixed": FixedDelay, "gaussian": GaussianDelay, "linear": LinearDelay, "neuron": NeuronDelay, "rotation": RotationDelay,
}


def resolve_delay(delay: Any, max_delay: float | None = None, neurons: tuple[int, ...] | None = None) -> float | Delays | None:
    """What `delay` and `max_delay` of a connection stand for: one delay of all synapses in ms, one each, or none.

    Args:
        delay: a number; an array or an initial value, for fixed delays of each synapse; the name of a kind of delays;
            delays themselves; or `None`, for none or for fixed ones that are drawn, if `max_delay` is given.
        max_delay: the longest delay of a synapse, ms.
        neurons: the shape of an array that is a delay for each presynaptic neuron, if there is one.

    Raises:
        ValueError: an unknown name, with the nearest right one; a delay that is negative or no finite number; a `max_delay`
            beside one delay of all synapses.

    >>> resolve_delay("linear", 4.0).max_delay, resolve_delay(2), resolve_delay(0)
    (4.0, 2.0, None)
    """
    longest = {} if max_delay is None else {"max_delay": max_delay}
    if isinstance(delay, Delays):
        return dataclasses.replace(delay, **longest)
    if isinstance(delay, str):
        made: Delays = resolve("delay", DELAYS, Delays, delay, longest)
        return made
    if np.ndim(delay) or isinstance(delay, Initial) or (delay is None and max_delay):
        of_neurons = not isinstance(delay, Initial) and delay is not None and np.shape(delay) == neurons
        return (NeuronDelay if of_neurons else FixedDelay)(value=delay, **longest)
    if delay is None:
        return None
    time = real(delay, "Connection: delay, in ms,", least=0)
    if max_delay is not None:
        raise ValueError(f"Connection: max_delay {max_delay!r} came beside one delay of all synapses, {time:g} ms.")
    return time or None


__all__ = [
    "DELAYS", "Delays", "FixedDelay", "GaussianDelay", "LinearDelay", "NeuronDelay", "RotationDelay", "SynapticDelay", "delayed",
    "resolve_delay",
]
