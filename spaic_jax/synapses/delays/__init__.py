"""Delays, one kind a file, and the table of those of each synapse."""

import dataclasses
from typing import Any

import numpy as np

from spaic_jax._numbers import array_of, real
from spaic_jax._tables import resolve
from spaic_jax.program import Initial
from spaic_jax.synapses.delays.axonal import delayed
from spaic_jax.synapses.delays.base import SynapticDelay
from spaic_jax.synapses.delays.fixed import FixedDelay
from spaic_jax.synapses.delays.gaussian import GaussianDelay
from spaic_jax.synapses.delays.linear import LinearDelay
from spaic_jax.synapses.delays.rotation import RotationDelay

DELAYS: dict[str, type[SynapticDelay]] = {
    "fixed": FixedDelay, "gaussian": GaussianDelay, "linear": LinearDelay, "rotation": RotationDelay,
}


def resolve_delay(delay: Any, max_delay: float | None = None) -> float | SynapticDelay | None:
    """What `delay` and `max_delay` of a connection stand for: one delay of all synapses in ms, one each, or none.

    Args:
        delay: a number; an array or an initial value, for fixed delays of each synapse; the name of a kind of delays;
            delays themselves; or `None`, for none or for fixed ones that are drawn, if `max_delay` is given.
        max_delay: the longest delay of a synapse, ms.

    Raises:
        ValueError: an unknown name, with the nearest right one; a delay that is negative or no finite number; a `max_delay`
            beside one delay of all synapses.

    >>> resolve_delay("linear", 4.0).max_delay, resolve_delay(2), resolve_delay(0)
    (4.0, 2.0, None)
    """
    longest = {} if max_delay is None else {"max_delay": max_delay}
    if isinstance(delay, SynapticDelay):
        return dataclasses.replace(delay, **longest)
    if isinstance(delay, str):
        made: SynapticDelay = resolve("delay", DELAYS, SynapticDelay, delay, longest)
        return made
    if np.ndim(array_of(delay, "Connection: delay")) or isinstance(delay, Initial) or (delay is None and max_delay):
        return FixedDelay(value=delay, **longest)
    if delay is None:
        return None
    time = real(delay, "Connection: delay, in ms,", least=0)
    if max_delay is not None:
        raise ValueError(f"Connection: max_delay {max_delay!r} came beside one delay of all synapses, {time:g} ms.")
    return time or None


__all__ = ["DELAYS", "FixedDelay", "GaussianDelay", "LinearDelay", "RotationDelay", "SynapticDelay", "delayed", "resolve_delay"]
