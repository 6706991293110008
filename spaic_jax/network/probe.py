"""Monitors: what a run keeps beside its outputs."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax._errors import unknown
from spaic_jax.network.connection import Connection
from spaic_jax.network.element import Element
from spaic_jax.network.encoder import Encoder
from spaic_jax.network.group import NeuronGroup
from spaic_jax.program import Last, Max, Mean, Record, Reduction, Steps, Sum
from spaic_jax.program.program import whole_steps

REDUCTIONS: dict[str, Reduction] = {"sum": Sum(), "mean": Mean(), "max": Max(), "last": Last()}

#: Places along one axis: one of them, which takes the axis away, or several.
Places = int | range | tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class Seen:
    """What a monitor keeps of the value of one step; a comparable function of arrays.

    Attributes:
        places: along each axis after the batch axis; empty for all of it.
        batched: whether there is a batch axis.
        spikes: whether it becomes booleans, a quarter of the memory: any value but zero is a spike.
        mean: whether all that is left of a sample is its mean.
    """

    places: tuple[Places, ...] = ()
    batched: bool = True
    spikes: bool = False
    mean: bool = False

    def __call__(self, value: jax.Array) -> jax.Array:
        for axis in reversed(range(len(self.places))):
            chosen = self.places[axis]
            index = chosen if isinstance(chosen, int) else np.asarray(chosen, np.int32)
            value = jnp.take(value, index, axis=axis + self.batched, mode="clip")
        if self.spikes:
            value = value != jnp.zeros((), value.dtype)
        return value.reshape(value.shape[0], -1).mean(1) if self.mean else value


class StateMonitor(Element):
    """Keeps a variable: the result's `probes[name]`, `[T, B, *shape]`, or reduced over time.

    The times of what is kept are `times[name]` of the result, in ms: those at which the steps end, counted from the first
    step of the first run. Only what is asked for is kept at any time, and `sim.memory` says beforehand how much that is.

    Args:
        target: a group, an encoder, or a connection (whose variables are such as `"weight"`).
        var_name: the variable, such as `"V"`; its value after the step, as a monitor of SPAIC sees it.
        index: which neurons are kept: a whole number, a list of them, a slice, or a tuple with one of these for each axis.
        every: keep each `every`-th step of a run, the first one included.
        dt: keep the last step of every `dt` ms of a run, as SPAIC does; instead of `every`.
        window: keep only the steps from a time to another, `(begin, end)` in ms from the beginning of a run.
        last: keep only the last ones, so many.
        reduce: `None` stacks the steps; `"sum"`, `"mean"`, `"max"` and `"last"` reduce as the run goes.
        get_grad: whether `probe_gradients` gives the gradient of a loss with respect to the variable.
        name: name in the network; by default that of the attribute or variable it is bound to.

    Raises:
        ValueError: unknown reduction; a number below 1; both `every` and `dt`; when the network is lowered, an index that is
            not there, and times that are no whole numbers of steps.
        TypeError: a target that has no variables, or an index of another kind.

    Example:
        >>> StateMonitor(NeuronGroup(10, model="lif"), "V", index=[0, 3], every=5).index
        ((0, 3),)
    """

    def __init__(
        self,
        target: Any,
        var_name: str,
        *,
        index: Any = None,
        every: int = 1,
        dt: float | None = None,
        window: Sequence[float] | None = None,
        last: int | None = None,
        reduce: str | None = None,
        get_grad: bool = False,
        name: str | None = None,
    ):
        kind = type(self).__name__
        if not isinstance(target, NeuronGroup | Encoder | Connection):
            raise TypeError(f"{kind}: the target must be a group, an encoder or a connection, not {target!r}.")
        if reduce is not None and reduce not in REDUCTIONS:
            raise ValueError(unknown("reduction", reduce, REDUCTIONS))
        if dt is not None and every != 1:
            raise ValueError(f"{kind}: give every, in steps, or dt, in ms, not both.")
        if get_grad and not isinstance(target, NeuronGroup):
            raise ValueError(f"{kind}: gradients are those of a group's variable.")
        if window is not None:
            window = tuple(window)
            if len(window) != 2 or not all(math.isfinite(t) for t in window) or not 0 <= window[0] < window[1]:
                raise ValueError(f"{kind}: window must be two times in ms, the first one earlier, got {window!r}.")
        try:
            Steps(every, last=last)
        except ValueError as error:
            raise ValueError(f"{kind}: {error}") from error
        self._declare(
            target=target, var_name=var_name, index=_checked_index(kind, index), every=every, dt=dt, window=window,
            last=last, reduce=reduce, get_grad=get_grad, name=name,
        )

    target: NeuronGroup | Encoder | Connection
    var_name: str
    index: tuple[int | slice | tuple[int, ...], ...]
    every: int
    dt: float | None
    window: tuple[float, float] | None
    last: int | None
    reduce: str | None
    get_grad: bool

    def record(self, name: str, variable: str, shape: tuple[int, ...], batched: bool, dt: float) -> Record:
        """What the program keeps for it.

        Args:
            name: its full name.
            variable: what it looks at.
            shape: shape of one sample of that.
            batched: whether it has a batch axis.
            dt: length of a step, ms.

        Raises:
            ValueError: an index that is not there, or times that are no whole numbers of steps.
        """
        if len(self.index) > len(shape):
            raise ValueError(f"monitor '{name}': index has {len(self.index)} axes, but '{variable}' has shape {shape}.")
        try:
            places = tuple(_places(chosen, size) for chosen, size in zip(self.index, shape, strict=False))
        except IndexError as error:
            raise ValueError(f"monitor '{name}': {error} of '{variable}', which has shape {shape}.") from error
        reduction = REDUCTIONS[self.reduce] if self.reduce else None
        seen = self.seen(places, batched)
        transform = None if seen == Seen(batched=batched) else seen
        return Record(name, variable, "probe", reduction, self.steps(name, dt), transform=transform)

    def seen(self, places: tuple[Places, ...], batched: bool) -> Seen:
        """What it keeps of the value of a step."""
        return Seen(places, batched)

    def steps(self, name: str, dt: float) -> Steps:
        """The steps of a run that it looks at."""
        start, stop = 0, None
        if self.window is not None:
            begin, end = self.window
            start = whole_steps(begin, dt, f"the window of monitor '{name}'") if begin else 0
            stop = whole_steps(end, dt, f"the window of monitor '{name}'")
        every = self.every if self.dt is None else whole_steps(self.dt, dt, f"dt of monitor '{name}'")
        return Steps(every, start + (0 if self.dt is None else every - 1), stop, self.last)


class SpikeMonitor(StateMonitor):
    """Keeps spikes as booleans: the result's `probes[name]`, `[T, B, *shape]`. No gradient passes it.

    `Result.spike_times` gives them as times and neurons.

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
        target: NeuronGroup | Encoder,
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
        target: NeuronGroup | Encoder,
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


class WeightMonitor(StateMonitor):
    """Keeps the weights of a connection: the result's `probes[name]`, `[T, *shape]`.

    A parameter is the same in every step of a run; what a plasticity rule changes is there as it was after each step.

    Args:
        target: the connection.
        dt: keep the last step of every `dt` ms of a run; every step by default.
        var_name: the variable, `"weight"`.
        index, every, window, last, reduce: as of `StateMonitor`.
        name: name in the network; by default that of the attribute or variable it is bound to.

    Raises:
        TypeError: a target that is no connection.

    Example:
        >>> layer = NeuronGroup(10, model="lif")
        >>> WeightMonitor(Connection(layer, layer), dt=100.0).var_name
        'weight'
    """

    def __init__(self, target: Connection, dt: float | None = None, *, var_name: str = "weight", **settings: Any):
        if not isinstance(target, Connection):
            raise TypeError(f"WeightMonitor: the target must be a Connection, not {target!r}.")
        super().__init__(target, var_name, dt=dt, **settings)


MONITORS: dict[str, type[StateMonitor]] = {
    "rate": RateMonitor, "spikes": SpikeMonitor, "state": StateMonitor, "weight": WeightMonitor,
}


def _checked_index(kind: str, index: Any) -> tuple[int | slice | tuple[int, ...], ...]:
    """An index as a tuple with a number, a slice or numbers for each axis."""
    if index is None or (isinstance(index, str) and index == "full"):
        return ()
    axes: list[int | slice | tuple[int, ...]] = []
    for chosen in index if isinstance(index, tuple) else (index,):
        array = np.asarray(chosen)
        if isinstance(chosen, slice):
            axes.append(chosen)
        elif array.dtype.kind in "iu" and array.ndim == 0:
            axes.append(int(array))
        elif array.dtype.kind in "iu" and array.ndim == 1 and array.size:
            axes.append(tuple(array.tolist()))
        else:
            raise TypeError(f"{kind}: index must hold whole numbers, lists of them or slices, not {chosen!r}.")
    return tuple(axes)


def _places(chosen: int | slice | tuple[int, ...], size: int) -> Places:
    """Places from 0 on along an axis; IndexError when one is not there."""
    if isinstance(chosen, slice):
        places = range(*chosen.indices(size))
        if not places:
            raise IndexError(f"{chosen} holds no place")
        return places
    numbers = (chosen,) if isinstance(chosen, int) else chosen
    for number in numbers:
        if not -size <= number < size:
            raise IndexError(f"index {number} is outside")
    counted = tuple(number % size for number in numbers)
    return counted[0] if isinstance(chosen, int) else counted
