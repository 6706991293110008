"""Handwritten digits as an event camera sees them."""

import dataclasses
import os
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from spaic_jax.data.dataset import Dataset
from spaic_jax.data.download import Remote, fetch
from spaic_jax.data.events import Recordings, recordings_of
from spaic_jax.data.own import own
from spaic_jax.data.read.files import damage
from spaic_jax.data.recorded import converted, event_data

_URL = "https://data.mendeley.com/public-files/datasets/468j46mzdv/files/"
# tonic's addresses and checksums.
_FILES = {
    "train": Remote("train.zip", (f"{_URL}39c25547-014b-4137-a934-9d29fa53c7a0/file_downloaded",), "20959b8e626244a1b502305a9e6e2031"),
    "test": Remote("test.zip", (f"{_URL}05a4d654-7e03-4c15-bdfa-9bb2bcbea494/file_downloaded",), "69ca8762b2fe404d9b9bad1103e97832"),
}
_SENSOR, _NAMES = (2, 34, 34), tuple("0123456789")


def nmnist(
    input: str = "events",
    shape: tuple[int, ...] = _SENSOR,
    *,
    path: str | os.PathLike[str] | None = None,
    test: Any = None,
    steps: int = 30,
    bin: float | None = 10.0,
) -> tuple[Dataset, Dataset]:
    """N-MNIST: 60 000 and 10 000 recordings of about 315 ms of digits that a camera of 34 x 34 pixels moves before.

    Args:
        input: name of the encoder that takes the spikes.
        shape: shape of a step: `(2, 34, 34)`, off and on; one whose sizes divide these, such as `(2, 17, 17)`; or `(2312,)`.
        path: folder with `train.zip` and `test.zip`; or a file of events, see `spaic_jax.data.own`. Downloaded by default.
        test: of a file of events, what is held out.
        steps: number of steps.
        bin: ms of a step; `None` for steps of as many events each.

    Returns:
        Training data and test data.

    Raises:
        ValueError: a shape that does not fit, or a damaged file.
        OSError: when a file is not there, or cannot be downloaded.

    Source: Orchard, Jayawant, Cohen and Thakor, Converting static image datasets to spiking neuromorphic datasets using
    saccades (2015).
    """
    if path is not None and Path(path).is_file():
        training, held_out = own(input, shape, path=path, test=test, sensor=_SENSOR, steps=steps, bin=bin)
        return dataclasses.replace(training, class_names=_NAMES), dataclasses.replace(held_out, class_names=_NAMES)
    if test is not None:
        raise ValueError("test: the data set 'nmnist' has test data of its own.")

    def part(name: str) -> Dataset:
        read = converted("nmnist", name, lambda: _read(fetch("nmnist", _FILES[name], path)), cached=path is None)
        return event_data(input, shape, read, _NAMES, steps, bin)

    return part("train"), part("test")


def _read(path: Path) -> tuple[Recordings, np.ndarray]:
    """The recordings of a zip file, `Train/<digit>/<number>.bin`."""
    with damage(path, "a zip file of N-MNIST"), zipfile.ZipFile(path) as archive:
        members = sorted(name for name in archive.namelist() if re.search(r"(^|/)\d/[^/]*\.bin$", name))
        if not members:
            raise ValueError("it has no recordings")

        def samples() -> Iterator[tuple[np.ndarray, ...]]:
            for name in members:
                yield _events(archive.read(name))

        return recordings_of(samples(), _SENSOR), np.array([int(name.split("/")[-2]) for name in members])


def _events(contents: bytes) -> tuple[np.ndarray, ...]:
    """Times, polarities, rows and columns: 5 bytes an event, x, y, then a bit of polarity and 23 of µs."""
    x, y, high, middle, low = np.frombuffer(contents, np.uint8).reshape(-1, 5).T.astype(np.int64)
    return (high & 127) << 16 | middle << 8 | low, high >> 7, y, x
