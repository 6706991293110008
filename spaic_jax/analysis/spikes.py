"""When neurons fired: pairs of a time and a neuron, and the stretch of time that was watched."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from spaic_jax._extras import import_extra
from spaic_jax._numbers import real, whole


def slack(times: np.ndarray | float) -> np.ndarray:
    """What rounding may have made of times that were counted in steps, ms: they may come from float32, steps are longer."""
    return np.minimum(2.0**-22 * np.maximum(1.0, np.abs(times)), 1e-3)


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Spikes:
    """The spikes of `num` neurons between `start` and `stop`, sorted by time, and by neuron at one time.

    A spike of a simulation is stamped at the end of its step, as by `Result.spike_times`: a stretch of time has the
    spikes after its first and up to its last moment, so that stretches that follow each other share none.

    Args:
        times: when, ms, in any order; kept as float64.
        neurons: who, whole numbers from 0 to `num - 1`, one a time. A neuron may fire twice at one time.
        num: how many neurons were watched, also those that never fired.
        start, stop: when watching began and ended, ms. Rates are counts over `stop - start`.

    Raises:
        ValueError: arrays that are not one neuron for each time; times that are not finite, or outside of `start` and
            `stop`; neurons that are no whole numbers below `num`; a `stop` that is not after `start`.

    Example:
        >>> spikes = Spikes([2.0, 1.0, 3.0], [0, 1, 1], num=3, start=0.0, stop=4.0)
        >>> spikes.times.tolist(), spikes.neurons.tolist(), spikes.counts().tolist()
        ([1.0, 2.0, 3.0], [1, 0, 1], [1, 2, 0])
        >>> spikes
        Spikes(3 spikes of 3 neurons from 0 to 4 ms)
    """

    times: np.ndarray
    neurons: np.ndarray
    num: int
    start: float
    stop: float

    def __init__(self, times: ArrayLike, neurons: ArrayLike, num: int, start: float, stop: float):
        at, who = np.asarray(times), np.asarray(neurons)
        num, start = whole(num, "Spikes: num"), real(start, "Spikes: start")
        stop = real(stop, "Spikes: stop", above=start)
        if at.ndim != 1 or at.shape != who.shape:
            raise ValueError(
                f"Spikes: times of shape {at.shape} and neurons of shape {who.shape} came: needs one axis, one each."
            )
        if at.dtype.kind not in "iuf":
            raise ValueError(f"Spikes: times must be numbers of milliseconds, not {at.dtype}.")
        at = at.astype(float)
        if bad := np.flatnonzero(~((at >= start - slack(start)) & (at <= stop + slack(stop)))).tolist():
            raise ValueError(
                f"Spikes: time {bad[0]} is {at[bad[0]]:g} ms, but needs times from {start:g} to {stop:g} ms."
            )
        if at.size and who.dtype.kind not in "iu":
            raise ValueError(f"Spikes: neurons must be whole numbers, not {who.dtype}.")
        if bad := np.flatnonzero((who < 0) | (who >= num)).tolist():
            raise ValueError(f"Spikes: neuron {bad[0]} is {who[bad[0]]}, but needs whole numbers from 0 to {num - 1}.")
        order = np.lexsort((who, at))
        self._set(
            times=np.clip(at, start, stop)[order], neurons=who.astype(np.intp)[order], num=num, start=start, stop=stop
        )

    def _set(self, **fields: Any) -> None:
        for name, value in fields.items():
            if isinstance(value, np.ndarray):
                value.setflags(write=False)
            object.__setattr__(self, name, value)

    @classmethod
    def from_raster(
        cls, raster: ArrayLike, dt: float | None = None, *, times: ArrayLike | None = None, start: float | None = None
    ) -> Self:
        """The spikes of an array with one row a step.

        Args:
            raster: `[T, N]`, such as one sample of what a `SpikeMonitor` keeps; any value but zero is a spike.
            dt: length of a step, ms: the spikes of row k are at `start + (k + 1) dt`.
            times: instead of it, the time of each row, ms, such as `Result.times`.
            start: when watching began, ms. By default 0; with `times`, as long before the first of them as that lies
                before the second.

        Raises:
            ValueError: an array of other axes or without rows; both or none of `dt` and `times`, or times that are not
                one a row and rising; one time, without `start`.

        Example:
            >>> Spikes.from_raster(np.eye(3), dt=0.5).times.tolist()
            [0.5, 1.0, 1.5]
        """
        fired = np.asarray(raster)
        if fired.ndim != 2 or not fired.size:
            raise ValueError(
                f"Spikes: a raster of shape {fired.shape} came, but needs [T, N]: one sample, without the batch axis."
            )
        if (dt is None) == (times is None):
            raise ValueError("Spikes: a raster needs dt or times, one of them.")
        if times is None:
            begin = real(0.0 if start is None else start, "Spikes: start")
            at = begin + np.arange(1, len(fired) + 1) * real(dt, "Spikes: dt", above=0)
        else:
            at = np.asarray(times, float)
            if at.shape != fired.shape[:1] or not (np.diff(at) > 0).all():
                raise ValueError(
                    f"Spikes: times of shape {at.shape} came, but needs rising ones, one for each of {len(fired)} rows."
                )
            if start is None and len(at) == 1:
                raise ValueError("Spikes: a raster of one time needs start.")
            begin = 2 * float(at[0]) - float(at[1]) if start is None else start
        steps, neurons = np.nonzero(fired)
        return cls(at[steps], neurons, fired.shape[1], begin, float(at[-1]))

    @classmethod
    def from_neo(cls, trains: Sequence[Any]) -> Self:
        """The spikes of one `neo.SpikeTrain` a neuron, whatever their units.

        Raises:
            ValueError: no train, or trains that were not watched for the same time.
        """
        if not trains:
            raise ValueError("Spikes: from_neo needs at least one train, got none.")
        ends = [(float(train.t_start.rescale("ms")), float(train.t_stop.rescale("ms"))) for train in trains]
        for i, (start, stop) in enumerate(ends):
            if abs(start - ends[0][0]) > slack(start) or abs(stop - ends[0][1]) > slack(stop):
                raise ValueError(
                    f"Spikes: train {i} is from {start:g} to {stop:g} ms, but train 0 from {ends[0][0]:g} to {ends[0][1]:g} ms:"
                    " needs one stretch of time."
                )
        times = [np.asarray(train.rescale("ms").magnitude, float) for train in trains]
        neurons = np.repeat(np.arange(len(trains)), [len(t) for t in times])
        return cls(np.concatenate(times), neurons, len(trains), *ends[0])

    def to_neo(self) -> list[Any]:
        """One `neo.SpikeTrain` a neuron, in ms.

        Raises:
            ImportError: when neo is not installed.
        """
        neo = import_extra("neo", "Spikes.to_neo")
        return [neo.SpikeTrain(train, units="ms", t_start=self.start, t_stop=self.stop) for train in self.trains()]

    @property
    def duration(self) -> float:
        """How long was watched, ms."""
        return self.stop - self.start

    def __len__(self) -> int:
        return len(self.times)

    def __repr__(self) -> str:
        return f"Spikes({len(self)} spikes of {self.num} neurons from {self.start:g} to {self.stop:g} ms)"

    def counts(self) -> np.ndarray:
        """How often each neuron fired, `[num]`."""
        return np.bincount(self.neurons, minlength=self.num)

    def trains(self) -> list[np.ndarray]:
        """The times of each neuron in order, ms: `num` arrays."""
        order = np.argsort(self.neurons, kind="stable")
        return np.split(self.times[order], np.cumsum(self.counts())[:-1])

    def select(self, neurons: int | slice | ArrayLike) -> Self:
        """The spikes of some neurons, which are numbered anew in the order given.

        Args:
            neurons: a number, a slice, an array of numbers, or one truth value a neuron.

        Raises:
            ValueError: a neuron that is not there, one that is named twice, or none.

        Example:
            >>> spikes = Spikes([1.0, 2.0, 3.0], [0, 1, 2], num=3, start=0.0, stop=4.0)
            >>> spikes.select([2, 0]).neurons.tolist(), spikes.select(slice(2)).times.tolist()
            ([1, 0], [1.0, 2.0])
        """
        try:
            chosen = np.atleast_1d(np.arange(self.num)[neurons if isinstance(neurons, slice) else np.asarray(neurons)])
        except IndexError as error:
            raise ValueError(f"Spikes of {self.num} neurons: no such neurons to select, {error}.") from error
        if not chosen.size or len(np.unique(chosen)) < len(chosen):
            raise ValueError("Spikes: select needs at least one neuron, and each once.")
        number = np.full(self.num, -1)
        number[chosen] = np.arange(len(chosen))
        kept = number[self.neurons] >= 0
        return type(self)(self.times[kept], number[self.neurons[kept]], len(chosen), self.start, self.stop)

    def between(self, start: float, stop: float) -> Self:
        """The spikes after `start` and up to `stop`, ms; those at the very beginning of the recording too if it starts there.

        Raises:
            ValueError: a stretch that is not within the recording.

        Example:
            >>> spikes = Spikes([1.0, 2.0, 3.0], [0, 1, 2], num=3, start=0.0, stop=4.0)
            >>> spikes.between(1.0, 3.0)
            Spikes(2 spikes of 3 neurons from 1 to 3 ms)
        """
        start = real(start, "Spikes: start", least=self.start, below=self.stop)
        stop = real(stop, "Spikes: stop", above=start, most=self.stop)
        first = 0 if start == self.start else np.searchsorted(self.times, start + slack(start), "right")
        last = np.searchsorted(self.times, stop + slack(stop), "right")
        return type(self)(self.times[first:last], self.neurons[first:last], self.num, start, stop)

    def __add__(self, other: Self) -> Self:
        """A recording and the one that follows it, as one.

        Raises:
            ValueError: other neurons, or a recording that does not begin where this one stops.
        """
        if not isinstance(other, Spikes):
            return NotImplemented
        if self.num != other.num or abs(self.stop - other.start) > slack(self.stop):
            raise ValueError(
                f"{self} and {other} cannot be joined: needs the same neurons, and the second to begin where the first stops."
            )
        times, neurons = np.append(self.times, other.times), np.append(self.neurons, other.neurons)
        return type(self)(times, neurons, self.num, self.start, other.stop)
