"""Gestures before an event camera."""

import io
import os
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from spaic_jax.data.dataset import Dataset
from spaic_jax.data.download import Remote, fetch
from spaic_jax.data.events import Recordings, recordings_of
from spaic_jax.data.read.files import damage
from spaic_jax.data.recorded import converted, event_data

_SENSOR = (2, 128, 128)
# tonic's addresses and checksums.
_FILES = {
    "train": Remote("ibmGestureTrain.tar.gz", ("https://figshare.com/ndownloader/files/38022171",), "3a8f0d4120a166bac7591f77409cb105"),
    "test": Remote("ibmGestureTest.tar.gz", ("https://figshare.com/ndownloader/files/38020584",), "56070e45dadaa85fff82e0fbfbc06de5"),
}
_NAMES = (
    "Hand clapping", "Right hand wave", "Left hand wave", "Right arm cw", "Right arm ccw", "Left arm cw", "Left arm ccw", "Arm roll",
    "Air drums", "Air guitar", "Other gestures",
)


def dvs_gesture(
    input: str = "events",
    shape: tuple[int, ...] = (2, 32, 32),
    *,
    path: str | os.PathLike[str] | None = None,
    steps: int = 60,
    bin: float | None = 25.0,
) -> tuple[Dataset, Dataset]:
    """DVS-Gesture: 1077 and 264 recordings of some seconds of eleven gestures of hands and arms, 128 x 128 pixels.

    The copy that tonic uses: recordings are cut into gestures, and times are whole ms.

    Args:
        input: name of the encoder that takes the spikes.
        shape: shape of a step: `(2, 128, 128)`, off and on, or one whose sizes divide these, such as `(2, 32, 32)`.
        path: folder with `ibmGestureTrain.tar.gz` and `ibmGestureTest.tar.gz`; downloaded by default.
        steps: number of steps.
        bin: ms of a step; `None` for steps of as many events each.

    Returns:
        Training data and test data.

    Raises:
        ValueError: a shape that does not fit, or a damaged file.
        OSError: when a file is not there, or cannot be downloaded.

    Source: Amir et al., A low power, fully event-based gesture recognition system (2017).
    """

    def part(name: str) -> Dataset:
        read = converted("dvs_gesture", name, lambda: _read(fetch("dvs_gesture", _FILES[name], path)), cached=path is None)
        return event_data(input, shape, read, _NAMES, steps, bin)

    return part("train"), part("test")


def _read(path: Path) -> tuple[Recordings, np.ndarray]:
    """The recordings of a tar file, `<user>/<gesture>.npy`: x, y, polarity and ms."""
    labels = []
    with damage(path, "a tar file of DVS-Gesture"), tarfile.open(path) as archive:

        def samples() -> Iterator[tuple[np.ndarray, ...]]:
            for member in archive:
                label, contents = re.search(r"/(\d+)\.npy$", member.name), archive.extractfile(member)
                if label and contents is not None:
                    labels.append(int(label[1]))
                    x, y, polarity, time = np.load(io.BytesIO(contents.read()), allow_pickle=False).T
                    yield time - (time.min() if len(time) else 0), polarity, y, x

        return recordings_of(samples(), _SENSOR, unit=1e3), np.array(labels)
