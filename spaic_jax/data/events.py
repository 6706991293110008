"""Address events, as event cameras and silicon cochleas record them, and spikes made of them."""

import dataclasses
import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from spaic_jax._numbers import real, whole


@dataclasses.dataclass(frozen=True, eq=False)
class Recordings:
    """Events of N recordings: which pixel or channel changed, and when.

    Attributes:
        address: flat index of each event into `shape`, integers `[E]`, one recording after the other.
        time: of each event since its recording began, µs, `[E]`, never falling within a recording.
        offset: recording i has the events `offset[i]:offset[i + 1]`, integers `[N + 1]`.
        shape: what is recorded: `(channels,)`, or `(polarities, height, width)`.

    Raises:
        ValueError: addresses outside of the shape, times that fall or are negative, offsets that do not fit.

    Example:
        Two recordings of three channels, in four steps of 10 ms:

        >>> recordings = Recordings([0, 2, 1], [0, 35_000, 12_000], [0, 2, 3], (3,))
        >>> frames = recordings.frames(4, 10.0)
        >>> frames.shape, frames.take([0])[:, 0].astype(int).tolist()
        ((4, 2, 3), [[1, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 1]])
    """

    address: Any
    time: Any
    offset: Any
    shape: tuple[int, ...]

    def __post_init__(self) -> None:
        address, time, offset = (np.asarray(x) for x in (self.address, self.time, self.offset))
        shape = tuple(whole(size, "a size of the shape of recordings") for size in self.shape)
        for name, x in (("address", address), ("time", time), ("offset", offset)):
            if x.ndim != 1 or x.dtype.kind not in "iu":
                raise ValueError(f"{name} of recordings is {x.dtype} of shape {x.shape}, but needs to be a vector of whole numbers.")
        # Unsigned numbers, as files may have them, become real ones where they are reckoned with beside int64.
        offset, address = offset.astype(np.int64), address.astype(np.int64) if address.dtype == np.uint64 else address
        if len(address) != len(time):
            raise ValueError(f"recordings have {len(address)} addresses, but {len(time)} times.")
        if len(offset) < 2 or offset[0] != 0 or offset[-1] != len(time) or (np.diff(offset) < 0).any():
            raise ValueError(f"offset of recordings needs to rise from 0 to the number of events, {len(time)}, got {len(offset)} numbers that do not.")
        if len(address) and (address.min() < 0 or address.max() >= math.prod(shape)):
            raise ValueError(
                f"address of recordings goes from {address.min()} to {address.max()}, but the shape {shape} has {math.prod(shape)}."
            )
        falling = time[1:] < time[:-1]
        inner = offset[1:-1]
        falling[inner[(inner > 0) & (inner < len(time))] - 1] = False
        if falling.any() or (len(time) and time.min() < 0):
            raise ValueError("time of recordings needs to be µs from 0 on that never fall within a recording: sort the events.")
        for name, value in (("address", address), ("time", time), ("offset", offset), ("shape", shape)):
            object.__setattr__(self, name, value)

    def __len__(self) -> int:
        return len(self.offset) - 1

    @property
    def counts(self) -> np.ndarray:
        """The number of events of each recording, `[N]`."""
        return np.diff(self.offset)

    def take(self, index: Any) -> "Recordings":
        """Some of the recordings."""
        events, counts = self._events(np.asarray(index))
        return dataclasses.replace(
            self, address=self.address[events], time=self.time[events], offset=np.concatenate([[0], np.cumsum(counts)])
        )

    def pooled(self, shape: Sequence[int]) -> "Recordings":
        """The same events in another shape: one with as many addresses, or one with a whole number of the old in each new one.

        Args:
            shape: such as `(2, 17, 17)` for a camera of `(2, 34, 34)`, `(1, 34, 34)` where polarities do not matter, or
                `(2312,)`.

        Raises:
            ValueError: a shape of another kind.

        >>> Recordings([0, 5, 15], [0, 1, 2], [0, 3], (4, 4)).pooled((2, 2)).address.tolist()
        [0, 0, 3]
        """
        new = tuple(shape)
        if math.prod(new) == math.prod(self.shape):
            return dataclasses.replace(self, shape=new)
        if len(new) != len(self.shape) or any(old % size for old, size in zip(self.shape, new, strict=True)):
            raise ValueError(
                f"recordings of the shape {self.shape} can be put into a shape with {math.prod(self.shape)} neurons, or into one"
                f" whose sizes divide theirs, which {new} is not."
            )
        places = np.unravel_index(self.address, self.shape)
        pooled = [place // (old // size) for place, old, size in zip(places, self.shape, new, strict=True)]
        return dataclasses.replace(self, address=np.ravel_multi_index(pooled, new), shape=new)

    def frames(self, steps: int, bin: float | None = None, *, count: bool = False) -> "Frames":
        """Spikes `[T, N, *shape]`, made when they are asked for.

        Args:
            steps: T.
            bin: ms of a step; later events are left out. Without it, each step has an equal share of the recording's
                events, in their order.
            count: whether values are numbers of events, at most 255, rather than whether there was any.

        Raises:
            ValueError: steps or bin that are no positive numbers.
        """
        steps = whole(steps, "steps of recordings")
        return Frames(self, steps, None if bin is None else real(bin, "bin of recordings", above=0), count)

    def _events(self, index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where the events of some recordings are, and how many each has."""
        counts = self.counts[index]
        first = np.cumsum(counts) - counts
        return np.repeat(self.offset[:-1][index] - first, counts) + np.arange(counts.sum()), counts


@dataclasses.dataclass(frozen=True, eq=False)
class Frames:
    """Spikes `[T, N, *shape]` of recordings, made when they are asked for: see `Recordings.frames`."""

    recordings: Recordings
    steps: int
    bin: float | None = None
    count: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        """Steps, recordings, and the shape of one step of one recording."""
        return (self.steps, len(self.recordings), *self.recordings.shape)

    @property
    def dtype(self) -> np.dtype:
        """Booleans, or bytes where events are counted."""
        return np.dtype(np.uint8 if self.count else bool)

    def __len__(self) -> int:
        return len(self.recordings)

    def take(self, index: Any) -> np.ndarray:
        """The spikes of some recordings, `[T, B, *shape]`."""
        index, recordings = np.asarray(index), self.recordings
        events, counts = recordings._events(index)
        if self.bin is None:
            # The k-th of n events, as whole numbers: shares are equal to one event.
            order = np.arange(len(events)) - np.repeat(np.cumsum(counts) - counts, counts)
            step = order * self.steps // np.repeat(counts, counts)
        else:
            step = np.minimum(recordings.time[events] / (self.bin * 1000), self.steps).astype(np.int64)
        sample = np.repeat(np.arange(len(index)), counts)
        kept = step < self.steps
        place = (step * len(index) + sample) * math.prod(recordings.shape) + recordings.address[events]
        spikes = np.zeros((self.steps, len(index), *recordings.shape), self.dtype)
        if self.count:
            places, numbers = np.unique(place[kept], return_counts=True)
            spikes.reshape(-1)[places] = np.minimum(numbers, 255)
        else:
            spikes.reshape(-1)[place[kept]] = True
        return spikes


def recordings_of(samples: Iterable[Sequence[Any]], shape: tuple[int, ...], *, unit: float = 1.0) -> Recordings:
    """Recordings of lists of events, in any order of time.

    Args:
        samples: for each recording its times and, for each axis of the shape, its places there: `(time, channel)`, or
            `(time, polarity, y, x)`.
        shape: what is recorded.
        unit: µs of the unit of times: 1e6 for seconds, 1e3 for ms.

    Raises:
        ValueError: places outside of the shape, times that are negative or no numbers; no recording.

    >>> recordings_of([([0.02, 0.01], [1, 0])], (2,), unit=1e6).time.tolist()
    [10000, 20000]
    """
    addresses, times = [], []
    # Each is made small before the next: together they may fill half of the memory.
    least = np.min_scalar_type(max(math.prod(shape) - 1, 0))
    for number, (time, *places) in enumerate(samples):
        micro = microseconds(time, unit, f"recording {number}")
        kept = [np.asarray(place).astype(np.int64) for place in places]
        for axis, (place, size) in enumerate(zip(kept, shape, strict=True)):
            if len(place) != len(micro) or (len(place) and not 0 <= place.min() <= place.max() < size):
                raise ValueError(f"recording {number} needs a place from 0 to {size - 1} on axis {axis} for each event.")
        order = np.argsort(micro, kind="stable")
        addresses.append(np.ravel_multi_index(kept, shape).astype(least)[order])
        times.append(micro[order])
    if not times:
        raise ValueError("there are no recordings.")
    offset = np.cumsum([0, *map(len, times)])
    return Recordings(np.concatenate(addresses), np.concatenate(times), offset, shape)


def microseconds(time: Any, unit: float, what: str) -> np.ndarray:
    """Times as whole µs; `unit` is that of the times in µs, and `what` begins the error's sentence.

    Raises:
        ValueError: times that are negative or no numbers, or later than an hour.
    """
    # Times of half precision have no microseconds.
    micro = np.rint(np.asarray(time, np.float64) * unit)
    if not ((micro >= 0) & (micro < 2**32)).all():
        raise ValueError(f"{what} needs times from 0 to 4294 s.")
    return micro.astype(np.uint32)
