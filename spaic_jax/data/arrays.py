"""Named arrays as samples and labels, checked."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from spaic_jax.data.dataset import LABELS, Dataset
from spaic_jax.data.events import Frames, Recordings
from spaic_jax.data.names import OFFSET, Names, named
from spaic_jax.data.read.files import Files
from spaic_jax.data.samples import Samples

#: What labels are: one for each sample, one for each step, or numbers to regress.
Kind = Literal["labels", "steps", "targets"]

#: Names of what events are.
_TIME, _POLARITY = ("time", "t", "t_us"), ("p", "polarity")


@dataclasses.dataclass(frozen=True)
class Asked:
    """What samples and labels are to become: see `own`."""

    shape: tuple[int, ...]
    axes: str | None
    scale: float | None
    kind: Kind | None
    sensor: tuple[int, ...] | None
    steps: int | None
    bin: float | None


@dataclasses.dataclass(frozen=True)
class Part:
    """Checked samples of training or of test data, labels of steps with samples first, and the axes of the samples."""

    x: Samples | Frames
    y: np.ndarray
    kind: Kind
    axes: str
    each_step: bool
    lengths: np.ndarray | None

    def dataset(self, input: str, classes: tuple[str, ...]) -> Dataset:
        """The data set; labels that are names become their places among `classes`."""
        y = np.searchsorted(classes, self.y.astype(str)) if classes else self.y
        # What lies on the disk stays there until it is needed, and events become spikes then.
        lazy = isinstance(self.x, Frames) or isinstance(self.x.array, np.memmap | Files)
        x = self.x if lazy else self.x.take(np.arange(len(self.x)))
        timed = [*([input] if "T" in self.axes else []), *([LABELS] if self.each_step else [])]
        return Dataset({input: x}, y.swapaxes(0, 1) if self.each_step else y, classes, self.lengths, timed)


def classes_of(*parts: Part) -> tuple[str, ...]:
    """Names of the classes, where labels are names."""
    if all(part.y.dtype.kind != "U" for part in parts):
        return ()
    return tuple(np.unique(np.concatenate([part.y.astype(str) for part in parts])).tolist())


def load(path: Any, arrays: Mapping[str, Any], names: Names, asked: Asked) -> Part:
    """The samples and labels of some arrays.

    Raises:
        ValueError: one sentence that names the file and the first thing that does not fit.
    """
    try:
        x, axes = _samples(arrays, names.x, asked)
        y, kind, each_step = _labels(arrays[names.y], x.shape, axes, asked.kind)
        lengths = None if names.lengths is None else _lengths(arrays[names.lengths], names.lengths, x.shape, axes)
    except ValueError as error:
        raise ValueError(f"'{path}': {error}") from error
    if lengths is not None and isinstance(x, Samples):
        # What is padded anyway is so up to the steps of the run.
        x = dataclasses.replace(x, steps=max(x.shape[0], asked.steps or 0))
    return Part(x, y, kind, axes, each_step, lengths)


def _samples(arrays: Mapping[str, Any], name: str | list[str] | None, asked: Asked) -> tuple[Samples | Frames, str]:
    """The samples, and their axes."""
    if name is None:
        if asked.steps is None:
            raise ValueError("it holds events, which need a number of steps.")
        return _recordings(arrays, asked.sensor or asked.shape).pooled(asked.shape).frames(asked.steps, asked.bin), "NT"
    array = np.stack([arrays[column] for column in name], 1) if isinstance(name, list) else arrays[name]
    if array.dtype.kind not in "biuf":
        raise ValueError(f"x: {name} holds {array.dtype}, but samples need to be numbers.")
    axes = asked.axes or _axes(array.shape, asked.shape)
    try:
        x = Samples(array, axes, asked.shape, asked.scale)
    except ValueError as error:
        raise ValueError(f"x: {error}") from error
    if not len(x):
        raise ValueError(f"x: {name} is empty: {list(array.shape)}.")
    if array.dtype.kind == "f" and not isinstance(array, np.memmap | Files) and not np.isfinite(array).all():
        place = np.argwhere(~np.isfinite(array))[0].tolist()
        raise ValueError(f"x: {name} holds NaN or infinite numbers: the first is {array[tuple(place)]} at {place}.")
    return x, axes


def _axes(given: tuple[int, ...], sample: tuple[int, ...]) -> str:
    """Samples first, and time second where the rest of the axes alone hold a sample."""
    if len(given) > 8:
        raise ValueError(f"x has {len(given)} axes: say axes.")
    timed = len(given) > 1 and math.prod(given[1:]) != math.prod(sample) == math.prod(given[2:])
    return "NTABDEFG"[: len(given)] if timed else "NABDEFGI"[: len(given)]


def _recordings(arrays: Mapping[str, Any], sensor: tuple[int, ...]) -> Recordings:
    """Recordings of named arrays."""
    recorded = tuple(np.asarray(arrays["shape"]).tolist()) if "shape" in arrays else sensor
    time, offset = named(arrays, _TIME), named(arrays, OFFSET)
    names = ["address"] if "address" in arrays else [named(arrays, axis) for axis in (_POLARITY, ("y",), ("x",))[-len(recorded) :]]
    if time is None or offset is None or None in names or len(recorded) > 3:
        raise ValueError(
            f"events need arrays time, offset, and address or, for a shape of {len(recorded)} axes, the last of p, y and x; there"
            f" are {', '.join(arrays)}."
        )
    places = [np.asarray(arrays[str(name)]) for name in names]
    if names != ["address"]:
        for name, place, size in zip(names, places, recorded, strict=True):
            if place.dtype.kind not in "biu" or (len(place) and not 0 <= place.min() <= place.max() < size):
                raise ValueError(f"{name} of events needs whole numbers from 0 to {size - 1}, as the shape {recorded} says: say sensor.")
        places = [np.ravel_multi_index([place.astype(np.int64) for place in places], recorded)]
    return Recordings(places[0], np.asarray(arrays[time]), np.asarray(arrays[offset]), recorded)


def _labels(given: Any, shape: tuple[int, ...], axes: str, kind: Kind | None) -> tuple[np.ndarray, Kind, bool]:
    """Labels or targets with samples first, what they are, and whether there is one for each step."""
    order = [letter for letter in axes if letter in "NT"]
    sizes = dict(zip("TN" if "T" in axes else "N", shape, strict=False))
    y = np.asarray(given)
    y = y.astype(str) if y.dtype.kind == "S" else y
    if y.size == sizes["N"]:
        y = y.reshape(-1)  # A matrix of one row or column, as MATLAB keeps vectors.
    each_step = len(order) == 2 <= y.ndim and list(y.shape[:2]) == [sizes[letter] for letter in order]
    if each_step and order[0] == "T":
        y = y.swapaxes(0, 1)
    if not y.ndim or len(y) != sizes["N"]:
        raise ValueError(f"y has shape {y.shape}, but there are {sizes['N']} samples: say axes where those of x do not come first.")
    if y.dtype.kind == "f" and not np.isfinite(y).all():
        raise ValueError(f"y holds NaN or infinite numbers: the first is at {np.argwhere(~np.isfinite(y))[0].tolist()}.")
    if kind is None:
        if y.dtype.kind == "f" and y.ndim == 1 and (y == np.rint(y)).all():
            raise ValueError(f'y holds whole numbers as {y.dtype}: say kind = "labels" or "targets".')
        kind = "targets" if y.dtype.kind == "f" else "steps" if each_step and y.ndim == 2 else "labels"
    if y.dtype.kind not in ("biufU" if kind == "labels" else "biuf"):
        raise ValueError(f"y holds {y.dtype}, but {kind} need to be numbers.")
    if kind == "targets":
        return y.astype(np.float32), kind, each_step
    if y.dtype.kind == "f" and (y != np.rint(y)).any():
        raise ValueError(f"y holds numbers with fractions, but {kind} need to be whole numbers.")
    if (y.ndim, each_step) != ((2, True) if kind == "steps" else (1, False)):
        one = "one for each step of each sample, in the order of axes of x" if kind == "steps" else "one for each sample"
        raise ValueError(f"y has shape {y.shape}, but {kind} need to be {one}.")
    if y.dtype.kind == "U":
        return y, kind, each_step
    y = y.astype(np.int64)
    if (least := int(y.min())) < (-1 if kind == "steps" else 0):
        raise ValueError(f"y holds {least}, but {kind} are whole numbers from 0 on.")
    return y, kind, each_step


def _lengths(given: Any, name: str, shape: tuple[int, ...], axes: str) -> np.ndarray:
    """The steps of each sample."""
    if "T" not in axes:
        raise ValueError(f"lengths: {name} is of no use without an axis of time.")
    lengths = np.asarray(given).reshape(-1)
    steps, samples = shape[:2]
    if lengths.dtype.kind not in "iu" or len(lengths) != samples or lengths.min() < 1 or lengths.max() > steps:
        raise ValueError(f"lengths: {name} needs a whole number from 1 to {steps} for each of {samples} samples.")
    return lengths
