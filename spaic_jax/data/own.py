"""Data of a user's own, from a file or a folder."""

import dataclasses
import math
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np

from spaic_jax._errors import unknown
from spaic_jax._numbers import real
from spaic_jax.data.dataset import Dataset
from spaic_jax.data.events import Frames, Recordings
from spaic_jax.data.read import read
from spaic_jax.data.read.files import Files, key_of
from spaic_jax.data.samples import Samples

Kind = Literal["labels", "steps", "targets"]

#: How samples and labels are usually called, in small letters alone.
_USUAL = {
    "x": ("x", "xtrain", "trainx", "data", "inputs", "images", "trainimages", "samples", "features"),
    "y": ("y", "ytrain", "trainy", "labels", "label", "trainlabels", "targets", "target", "classes", "class"),
}
#: What in the name of samples becomes what in that of their labels, and in those of what is to be tested.
_PARTNERS = (("x", "y"), ("X", "y"), ("X", "Y"), ("images", "labels"), ("data", "labels"), ("inputs", "targets"))
_TESTS = (("train", "test"), ("train", "t10k"), ("$", "_test"))
#: Names of what events are, and of what stands for each axis of a channel or of a camera.
_TIME, _OFFSET, _POLARITY = ("time", "t", "t_us"), ("offset", "offsets"), ("p", "polarity")


def own(
    input: str,
    shape: tuple[int, ...],
    *,
    path: str | os.PathLike[str],
    x: str | list[str] | None = None,
    y: str | None = None,
    test: float | str | Mapping[str, str] | None = None,
    axes: str | None = None,
    scale: float | None = None,
    kind: Kind | None = None,
    lengths: str | None = None,
    steps: int | None = None,
    bin: float | None = None,
) -> tuple[Dataset, Dataset]:
    """Training and test data from a file or a folder: npz, npy, CSV, HDF5, MATLAB, ts, files of MNIST, folders of arrays.

    What stays on the disk (npy, folders of npy) is read as it is needed, so that it may be larger than memory.

    Events are those of an HDF5 file with `spikes/times` and `spikes/units`, or arrays `time` (or `t`, `t_us`), µs, `offset`
    (recording i has the events `offset[i]:offset[i + 1]`) and `address`, flat, or `x`, or `p` (or `polarity`), `y` and `x`;
    an array `shape` says what is recorded where it is not the encoder's shape. They become spikes of `steps` steps.

    Args:
        input: name of the encoder that takes the samples.
        shape: its shape; samples may have any shape of as many numbers.
        path: file or folder.
        x: name of the array of samples, or of the columns of a table that are; by default the one with a usual name, such as
            `x`, `x_train`, `data` or `images`, and all columns but those of `y` and `lengths`.
        y: name of their labels; by default the one that goes with `x`, or has a usual name.
        test: a share, such as 0.2, which is held out evenly of each class in the order of the file; another file or folder; or
            `x` and `y` of other arrays of this file. By default arrays named as `x` and `y` with `test`, or a share of 0.2.
        axes: of `x`, a letter each: `N` samples, `T` time, others those of a sample, such as `"NTC"` or `"TNC"`; N and, where
            there is one axis more than the encoder has, T come first by default.
        scale: the value of the samples that becomes 1, such as 255 for bytes.
        kind: what `y` holds: `"labels"`, one for each sample, whole numbers or names; `"steps"`, whole numbers for each step,
            in the order of axes of `x`, -1 where there is none; `"targets"`, any numbers. By default what it looks like.
        lengths: name of the steps of each sample, the rest being padding; by default an array `lengths` where there is one.
        steps: of events, how many steps they become.
        bin: of events, ms of a step.

    Returns:
        Training data and test data.

    Raises:
        OSError: no such file.
        ValueError: one sentence that names the file and what in it does not fit.
        ImportError: a package that is needed is not installed.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     np.savez(f"{folder}/two.npz", x=np.eye(10, dtype=np.float32), y=["cat", "dog"] * 5)
        ...     training, test = own("eye", (10,), path=f"{folder}/two.npz")
        >>> training.inputs["eye"].shape, len(test), training.class_names
        ((8, 10), 2, ('cat', 'dog'))
    """
    if scale is not None:
        real(scale, "scale", above=0)
    asked = _Asked(tuple(shape), axes, scale, kind, steps, bin)
    arrays = read(path)
    names = _find(path, arrays, x, y, lengths)
    training = _load(path, arrays, names, asked)
    if isinstance(test, str | os.PathLike):
        there = read(test)
        given = (name if isinstance(name, list) or name in there else None for name in (x, y, lengths))
        tested = _load(test, there, _find(test, there, *given), asked)
    elif names_of_test := _find_test(path, arrays, names, test):
        tested = _load(path, arrays, names_of_test, asked)
    else:
        training, tested = _split(path, training, real(0.2 if test is None else test, "test", above=0, below=1))
    if training.kind != tested.kind:
        raise ValueError(f"'{path}': training data have {training.kind}, but those to test {tested.kind}: say kind.")
    classes: tuple[str, ...] = ()
    if training.y.dtype.kind == "U" or tested.y.dtype.kind == "U":
        classes = tuple(np.unique(np.concatenate([training.y.astype(str), tested.y.astype(str)])).tolist())
    return training.dataset(input, classes), tested.dataset(input, classes)


def evenly(labels: np.ndarray, share: float) -> np.ndarray:
    """A mask of a share of each class, evenly in order of appearance.

    >>> evenly(np.array([0, 1, 0, 0, 0, 0, 0]), 0.2).nonzero()[0].tolist()
    [5]
    """
    mask = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        places = np.flatnonzero(labels == label)
        # So that the fifth of five counts as a fifth, whatever 5 * 0.2 is in floating point.
        mask[places] = np.diff(np.floor(np.arange(len(places) + 1) * share + 1e-9)) > 0
    return mask


@dataclasses.dataclass(frozen=True)
class _Asked:
    """What samples and labels are to become."""

    shape: tuple[int, ...]
    axes: str | None
    scale: float | None
    kind: Kind | None
    steps: int | None
    bin: float | None


@dataclasses.dataclass(frozen=True)
class _Names:
    """Which arrays are samples (none where they are events), labels and lengths."""

    x: str | list[str] | None
    y: str
    lengths: str | None


def _find(path: Any, arrays: Mapping[str, Any], x: str | list[str] | None, y: str | None, lengths: str | None) -> _Names:
    """The arrays of what is trained on, by their names or by usual ones."""
    for key, given in (("x", x), ("y", y), ("lengths", lengths)):
        for name in given if isinstance(given, list) else [given]:
            if name is not None and name not in arrays:
                raise ValueError(f"'{path}': {key}: {unknown('array', name, arrays)}")
    lengths = "lengths" if lengths is None and "lengths" in arrays else lengths
    if _named(arrays, _OFFSET):
        return _Names(None, y or _usual(path, arrays, "y"), lengths)
    if x is None and key_of(path) in arrays:
        x = key_of(path)
    if x is None and all(array.ndim == 1 for array in arrays.values()):
        y = y or _usual(path, arrays, "y")
        return _Names([name for name in arrays if name not in (y, lengths)], y, lengths)
    x = x or _usual(path, arrays, "x")
    partners = () if isinstance(x, list) else (name for pair in _PARTNERS if (name := x.replace(*pair, 1)) != x)
    return _Names(x, y or _named(arrays, partners) or _usual(path, arrays, "y"), lengths)


def _find_test(path: Any, arrays: Mapping[str, Any], names: _Names, test: float | Mapping[str, str] | None) -> _Names | None:
    """The arrays of what is to be tested, where they lie beside the others."""
    if isinstance(test, Mapping):
        if not {"x", "y"} <= test.keys() <= {"x", "y", "lengths"}:
            raise ValueError('test: a share, a path, or the names of arrays, { x = "...", y = "..." }, are needed.')
        return _find(path, arrays, test["x"], test["y"], test.get("lengths"))
    if test is not None or not isinstance(names.x, str):
        return None
    for pair in _TESTS:
        x, y = (re.sub(*pair, name, count=1) for name in (names.x, names.y))
        if x != names.x and x in arrays and y in arrays:
            lengths = None if names.lengths is None else _named(arrays, [re.sub(*pair, names.lengths, count=1)])
            return _Names(x, y, lengths)
    return None


def _usual(path: Any, arrays: Mapping[str, Any], key: str) -> str:
    found = [name for name in arrays if re.sub("[^a-z]", "", name.lower()) in _USUAL[key]]
    if len(found) != 1:
        listed = ", ".join(f"{name} {list(array.shape)}" for name, array in list(arrays.items())[:20]) or "none"
        raise ValueError(f"'{path}': {key} is missing: name one of its arrays, which are {listed}.")
    return found[0]


def _named(arrays: Mapping[str, Any], names: Iterable[str]) -> str | None:
    return next((name for name in names if name in arrays), None)


@dataclasses.dataclass(frozen=True)
class _Part:
    """Samples that are checked, with samples first in labels and lengths."""

    x: Samples | Frames
    y: np.ndarray
    kind: Kind
    timed: bool
    lengths: np.ndarray | None

    def chosen(self, mask: np.ndarray) -> "_Part":
        lengths = None if self.lengths is None else self.lengths[mask]
        return dataclasses.replace(self, x=self.x.chosen(mask), y=self.y[mask], lengths=lengths)

    def dataset(self, input: str, classes: tuple[str, ...]) -> Dataset:
        y = np.searchsorted(classes, self.y.astype(str)) if classes else self.y
        # What lies on the disk stays there until it is needed.
        lazy = isinstance(self.x, Frames) or isinstance(self.x.array, np.memmap | Files)
        x = self.x if lazy else self.x.take(np.arange(len(self.x)))
        how = {} if self.lengths is None else {"lengths": self.lengths}
        return Dataset({input: x}, y.swapaxes(0, 1) if self.timed else y, classes, **how)


def _load(path: Any, arrays: Mapping[str, Any], names: _Names, asked: _Asked) -> _Part:
    """The samples and labels of some arrays, checked."""
    try:
        x, axes = _samples(arrays, names.x, asked)
        steps = x.shape[0] if "T" in axes else None
        y, kind, timed = _labels(arrays[names.y], len(x), steps, axes.index("T") < axes.index("N") if "T" in axes else False, asked.kind)
    except ValueError as error:
        raise ValueError(f"'{path}': {error}") from error
    lengths = None if names.lengths is None else np.asarray(arrays[names.lengths]).reshape(-1)
    if lengths is not None and (
        lengths.dtype.kind not in "iu" or len(lengths) != len(x) or lengths.min() < 1 or lengths.max() > (steps or 0)
    ):
        raise ValueError(f"'{path}': {names.lengths} needs a whole number of 1 to {steps} steps for each of {len(x)} samples.")
    return _Part(x, y, kind, timed, lengths)


def _samples(arrays: Mapping[str, Any], name: str | list[str] | None, asked: _Asked) -> tuple[Samples | Frames, str]:
    """The samples, and their axes."""
    if name is None:
        if asked.steps is None:
            raise ValueError("it holds events, which need a number of steps.")
        return _recordings(arrays, asked.shape).frames(asked.steps, asked.bin), "NT"
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


def _recordings(arrays: Mapping[str, Any], shape: tuple[int, ...]) -> Recordings:
    """Recordings of named arrays, in the shape that is needed."""
    names = {"time": _named(arrays, _TIME), "offset": _named(arrays, _OFFSET)}
    recorded = tuple(np.asarray(arrays["shape"]).tolist()) if "shape" in arrays else shape
    if "address" in arrays:
        names["address"] = "address"
    places = [_named(arrays, _POLARITY), _named(arrays, ["y"]), _named(arrays, ["x"])][-len(recorded) :]
    if names["time"] is None or ("address" not in arrays and None in places):
        raise ValueError(f"events need arrays time, offset, and address or, for {len(recorded)} axes, the last of p, y and x: there are {', '.join(arrays)}.")
    time, offset = (np.asarray(arrays[str(names[key])]) for key in ("time", "offset"))
    if "address" in arrays:
        return Recordings(arrays["address"], time, offset, recorded).pooled(shape)
    place = [np.asarray(arrays[str(name)]).astype(np.int64) for name in places]
    for name, values, size in zip(places, place, recorded, strict=True):
        if len(values) != len(time) or (len(values) and not 0 <= values.min() <= values.max() < size):
            raise ValueError(f"{name} needs a number from 0 to {size - 1} for each of {len(time)} events.")
    return Recordings(np.ravel_multi_index(place, recorded), time, offset, recorded).pooled(shape)


def _labels(
    y: Any, samples: int, steps: int | None, time_first: bool, kind: Kind | None
) -> tuple[np.ndarray, Kind, bool]:
    """Labels or targets with samples first, what they are, and whether there is one for each step."""
    y = np.asarray(y)
    y = y.astype(str) if y.dtype.kind == "S" else y
    if y.size == samples:
        y = y.reshape(samples)  # A matrix of one row or column, as MATLAB keeps vectors.
    timed = steps is not None and y.ndim > 1 and y.shape[:2] == ((steps, samples) if time_first else (samples, steps))
    if timed and time_first:
        y = y.swapaxes(0, 1)
    if len(y) != samples:
        raise ValueError(f"y has shape {y.shape}, but there are {samples} samples: say axes where those of x do not come first.")
    if kind is None:
        if y.dtype.kind == "f" and y.ndim == 1 and (y == np.rint(y)).all():
            raise ValueError(f'y holds whole numbers as {y.dtype}: say kind = "labels" or "targets".')
        kind = "targets" if y.dtype.kind == "f" else "steps" if timed and y.ndim == 2 else "labels"
    if y.dtype.kind not in ("biuf" if kind != "labels" else "biufU"):
        raise ValueError(f"y holds {y.dtype}, but {kind} need to be numbers.")
    if y.dtype.kind == "f" and not np.isfinite(y).all():
        raise ValueError(f"y holds NaN or infinite numbers: the first is at {np.argwhere(~np.isfinite(y))[0].tolist()}.")
    if kind == "targets":
        return y.astype(np.float32), kind, timed
    if y.dtype.kind == "f" and (y != np.rint(y)).any():
        raise ValueError(f"y holds numbers with fractions, but {kind} need to be whole numbers.")
    if y.ndim != (2 if kind == "steps" else 1) or timed != (kind == "steps"):
        raise ValueError(f"y has shape {y.shape}, but {kind} need to be one for each {'step of each ' if kind == 'steps' else ''}sample.")
    y = y if y.dtype.kind == "U" else y.astype(np.int64)
    if y.dtype.kind != "U" and (least := int(y.min())) < (-1 if kind == "steps" else 0):
        raise ValueError(f"y holds {least}, but {kind} are whole numbers from 0 on.")
    return y, kind, timed


def _split(path: Any, data: _Part, share: float) -> tuple[_Part, _Part]:
    """What is trained on, and a share that is held out."""
    mask = evenly(data.y if data.kind == "labels" else np.zeros(len(data.y), int), share)
    if mask.all() or not mask.any():
        raise ValueError(f"'{path}' has {len(mask)} samples, of which a share of {share:g} leaves none to test or to train on.")
    return data.chosen(~mask), data.chosen(mask)
