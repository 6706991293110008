"""Recordings of events and their labels, kept on the disk in a form that is read in pieces."""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from spaic_jax.data.dataset import Dataset
from spaic_jax.data.download import cache_folder
from spaic_jax.data.events import Recordings
from spaic_jax.data.read.files import open_npy

_PARTS = ("address", "time", "offset", "shape", "labels")


def converted(
    what: str, part: str, convert: Callable[[], tuple[Recordings, np.ndarray]], *, cached: bool = True
) -> tuple[Recordings, np.ndarray]:
    """Recordings and labels from the cache, where they are converted once.

    Args:
        what: name of the data set.
        part: `"train"` or `"test"`.
        convert: reads them from the files in which they are distributed.
        cached: whether they go into the cache: files of a user's own do not.
    """
    if not cached:
        return convert()
    folder = cache_folder() / what / f"events-{part}"
    if not folder.is_dir():
        recordings, labels = convert()
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=".tmp-", dir=folder.parent))
        try:
            values = (recordings.address, recordings.time, recordings.offset, np.array(recordings.shape), labels)
            for name, array in zip(_PARTS, values, strict=True):
                np.save(temporary / f"{name}.npy", array)
            os.replace(temporary, folder)
        except OSError:
            # Another process was first.
            if not folder.is_dir():
                raise
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    address, time, offset, shape, labels = (open_npy(folder / f"{name}.npy") for name in _PARTS)
    return Recordings(address, time, offset, tuple(shape.tolist())), np.asarray(labels)


def event_data(
    input: str,
    shape: tuple[int, ...],
    part: tuple[Recordings, np.ndarray],
    names: tuple[str, ...],
    steps: int,
    bin: float | None,
) -> Dataset:
    """Recordings as spikes that are made when they are needed; see `Recordings.frames`."""
    recordings, labels = part
    return Dataset({input: recordings.pooled(shape).frames(steps, bin)}, labels.astype(np.int32), names, sequences=(input,))
