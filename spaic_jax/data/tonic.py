"""Data sets of events that tonic knows."""

import inspect
import os
from collections.abc import Iterator
from typing import Any

import numpy as np

from spaic_jax._errors import unknown
from spaic_jax._extras import import_extra
from spaic_jax.data.dataset import Dataset
from spaic_jax.data.download import cache_folder
from spaic_jax.data.events import Recordings, recordings_of
from spaic_jax.data.recorded import converted, event_data


def tonic(
    input: str = "events",
    shape: tuple[int, ...] = (),
    *,
    dataset: str,
    path: str | os.PathLike[str] | None = None,
    steps: int = 100,
    bin: float | None = 10.0,
) -> tuple[Dataset, Dataset]:
    """A data set of events with labels of tonic's, such as `"tonic:POKERDVS"` in a configuration.

    tonic downloads and reads it; it is converted once and kept. What has no test data is split, a fifth of each class.

    Args:
        input: name of the encoder that takes the spikes.
        shape: shape of a step: that of the sensor, `(polarities, height, width)` or `(channels,)`, one whose sizes divide
            these, or one of as many neurons.
        dataset: name of a class in `tonic.datasets`.
        path: folder where tonic keeps its files; that of the other data sets by default.
        steps: number of steps.
        bin: ms of a step; `None` for steps of as many events each.

    Returns:
        Training data and test data.

    Raises:
        ValueError: no such data set, one without events and labels, or a shape that does not fit.
        ImportError: when tonic is not installed.
    """
    known = import_extra("tonic", f"the data set 'tonic:{dataset}'").datasets
    names = [name for name, kind in vars(known).items() if isinstance(kind, type)]
    if dataset not in names:
        raise ValueError(unknown("data set of tonic", dataset, names))
    kind = getattr(known, dataset)
    parameters = inspect.signature(kind).parameters
    folder = str(cache_folder() / "tonic" if path is None else path)

    def part(name: str, **which: Any) -> Dataset:
        recordings, labels = converted(f"tonic-{dataset}", name, lambda: _read(kind(save_to=folder, **which), dataset))
        classes: tuple[str, ...] = ()
        if labels.dtype.kind == "U":
            classes, labels = tuple(np.unique(labels).tolist()), np.unique(labels, return_inverse=True)[1]
        return event_data(input, shape or recordings.shape, (recordings, labels), classes, steps, bin)

    if "train" in parameters:
        return part("train", train=True), part("test", train=False)
    if "split" in parameters:
        return part("train", split="train"), part("test", split="test")
    return part("all").split(0.2)


def _read(samples: Any, dataset: str) -> tuple[Recordings, np.ndarray]:
    """All recordings and labels of a data set of tonic's."""
    size = tuple(int(number) for number in getattr(samples, "sensor_size", None) or ())
    if len(size) != 3:
        raise ValueError(f"tonic's {dataset} has no sensor of a single size, but {size}.")
    width, height, polarities = size
    channels = height == polarities == 1
    labels = []

    def events() -> Iterator[tuple[Any, ...]]:
        for number in range(len(samples)):
            recording, label = samples[number]
            if getattr(recording, "dtype", np.dtype(int)).names is None or not isinstance(label, int | str | np.integer):
                raise ValueError(f"tonic's {dataset} gives {type(recording).__name__} and {type(label).__name__}, but events and a label are needed.")
            labels.append(label)
            time = recording["t"].astype(np.int64)
            time = time - (time.min() if len(time) else 0)
            yield (time, recording["x"]) if channels else (time, recording["p"], recording["y"], recording["x"])

    recordings = recordings_of(events(), (width,) if channels else (polarities, height, width))
    return recordings, np.array(labels)
