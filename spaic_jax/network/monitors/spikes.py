"""When neurons fire."""

from collections.abc import Sequence
from typing import Any

from spaic_jax.network.group import NeuronGroup
from spaic_jax.network.monitors.index import Places, Seen
from spaic_jax.network.monitors.state import StateMonitor
from spaic_jax.network.source import Source


class SpikeMonitor(StateMonitor):
    """Keeps spikes as booleans: the result's `probes[name]`, `[T, B, *shape]`. No gradient passes it.

    `Result.spike_times` gives them as times and neurons. A spike is reported at the end of its step: one of step k, such as
    a spike that an encoder was given for the time `k dt`, is at `(k + 1) dt`.

    Args:
        target: a group or an encoder.
        var_name: the spikes.
        index, window, last: as of `StateMonitor`.
        name: name in the network; by default that of the attribute or variable it is bound to.

    Example:
        >>> SpikeMonitor(NeuronGroup(10, model="lif")).var_name
        'O'
    """

    def __init__(
        self,
        target: NeuronGroup | Source,
        var_name: str = "O",
        *,
        index: Any = None,
        window: Sequence[float] | None = None,
        last: int | None = None,
        name: str | None = None,
    ):
        super().__init__(target, var_name, index=index, window=window, last=last, name=name)

    def seen(self, places: tuple[Places, ...], batched: bool) -> Seen:
        return Seen(places, batched, spikes=True)
