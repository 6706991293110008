"""How often a population fires."""

import dataclasses
from typing import Any

import jax

from spaic_jax.network.group import NeuronGroup
from spaic_jax.network.monitors.index import Places, Seen
from spaic_jax.network.monitors.state import StateMonitor
from spaic_jax.network.source import Source
from spaic_jax.program import Record, Steps


class RateMonitor(StateMonitor):
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
        >>> RateMonitor(NeuronGroup(10, model="lif"), dt=5.0).dt
        5.0
    """

    def __init__(
        self,
        target: NeuronGroup | Source,
        dt: float | None = None,
        *,
        index: Any = None,
        var_name: str = "O",
        name: str | None = None,
    ):
        super().__init__(target, var_name, dt=dt, index=index, name=name)

    def record(self, name: str, variable: str, shape: tuple[int, ...], batched: bool, dt: float) -> Record:
        record = super().record(name, variable, shape, batched, dt)
        return dataclasses.replace(record, steps=Steps(), bins=record.steps.every, finish=InHertz(dt))

    def seen(self, places: tuple[Places, ...], batched: bool) -> Seen:
        return Seen(places, batched, mean=True)


@dataclasses.dataclass(frozen=True)
class InHertz:
    """From spikes a step to spikes a second; comparable."""

    dt: float

    def __call__(self, means: jax.Array) -> jax.Array:
        return means * (1000.0 / self.dt)
