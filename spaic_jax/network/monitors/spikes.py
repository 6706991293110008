"""When neurons fire."""

import dataclasses
from collections.abc import Sequence

from spaic_jax.network.element import element
from spaic_jax.network.monitors.base import Monitor
from spaic_jax.network.monitors.index import Places, Seen
from spaic_jax.network.monitors.times import checked_times, steps_of
from spaic_jax.program import Context, Steps


@element
class SpikeMonitor(Monitor):
    """Keeps spikes as booleans: the result's `probes[name]`, `[T, B, *shape]`. No gradient passes it.

    `Result.spikes` gives them as times and neurons, and a long run (`simulate`) keeps nothing else of them. A spike is reported at the end of its step: one of step k, such as
    a spike that an encoder was given for the time `k dt`, is at `(k + 1) dt`.

    Args:
        target: a group or an encoder.
        var_name: the spikes.
        index, window, last: as of `StateMonitor`.
        name: name in the network; by default that of the attribute or variable it is bound to.

    Example:
        >>> from spaic_jax.network import NeuronGroup
        >>> SpikeMonitor(NeuronGroup(10, model="lif")).var_name
        'O'
    """

    var_name: str = "O"
    window: Sequence[float] | None = dataclasses.field(default=None, kw_only=True)
    last: int | None = dataclasses.field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        self._set(window=checked_times(type(self).__name__, window=self.window, last=self.last))
        super().__post_init__()

    def steps(self, name: str, context: Context) -> Steps:
        return steps_of(name, context, window=self.window, last=self.last)

    def seen(self, places: tuple[Places, ...], batched: bool) -> Seen:
        return Seen(places, batched, spikes=True)
