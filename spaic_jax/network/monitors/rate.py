"""How often a population fires."""

import dataclasses

from spaic_jax.network.element import element
from spaic_jax.network.monitors.base import Monitor
from spaic_jax.network.monitors.index import Places, Seen
from spaic_jax.network.monitors.times import steps_of
from spaic_jax.program import Context, Record, Steps


@element
class RateMonitor(Monitor):
    """Keeps the firing rate of a population in Hz, in bins of `dt` ms: the result's `probes[name]`, `[T / bin, B]`.

    $$ r_k = \\frac{1000}{dt\\, N} \\sum_{t \\in \\text{bin } k} \\sum_i s_i(t) $$

    `times[name]` are the ends of the bins. A run that is no whole number of bins has a last bin that is shorter.

    Args:
        target: a group or an encoder.
        dt: length of a bin, ms; one step by default.
        index: which neurons make the population, as of `StateMonitor`.
        var_name: the spikes.
        name: name in the network; by default that of the attribute or variable it is bound to.

    Example:
        >>> from spaic_jax.network import NeuronGroup
        >>> RateMonitor(NeuronGroup(10, model="lif"), dt=5.0).dt
        5.0
    """

    dt: float | None = None
    var_name: str = dataclasses.field(default="O", kw_only=True)

    def steps(self, name: str, context: Context) -> Steps:
        return steps_of(name, context)

    def _record(self, name: str, variable: str, shape: tuple[int, ...], batched: bool, context: Context) -> Record:
        record = super()._record(name, variable, shape, batched, context)
        bins = 1 if self.dt is None else context.steps(self.dt, f"dt of monitor '{name}'")
        seen = record.transform
        assert isinstance(seen, Seen)
        # In Hz at every step: a function of all bins would have to wait for the end of a long run.
        return dataclasses.replace(record, bins=bins, transform=dataclasses.replace(seen, scale=1000.0 / context.dt))

    def seen(self, places: tuple[Places, ...], batched: bool) -> Seen:
        return Seen(places, batched, mean=True)

