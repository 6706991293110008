"""Spoken words as an artificial cochlea hears them."""

import os
import shutil
import zipfile
from pathlib import Path

import numpy as np

from spaic_jax._files import write_whole
from spaic_jax.data.dataset import Dataset
from spaic_jax.data.download import Remote, fetch
from spaic_jax.data.events import Recordings
from spaic_jax.data.read.files import damage
from spaic_jax.data.read.hdf5 import hdf5
from spaic_jax.data.recorded import event_data

_SENSOR = (700,)
# tonic's checksums.
_FILES = {
    name: Remote(name, (f"https://zenkelab.org/datasets/{name}",), md5)
    for name, md5 in (
        ("shd_train.h5.zip", "f3252aeb598ac776c1b526422d90eecb"),
        ("shd_test.h5.zip", "1503a5064faa34311c398fb0a1ed0a6f"),
        ("ssc_train.h5.zip", "d102be95e7144fcc0553d1f45ba94170"),
        ("ssc_test.h5.zip", "a35ff1e9cffdd02a20eb850c17c37748"),
    )
}


def shd(
    input: str = "events",
    shape: tuple[int, ...] = _SENSOR,
    *,
    path: str | os.PathLike[str] | None = None,
    steps: int = 100,
    bin: float | None = 10.0,
) -> tuple[Dataset, Dataset]:
    """Spiking Heidelberg Digits: 8156 and 2264 recordings of up to 1.4 s of digits spoken in German and English, 20 classes.

    Two of the speakers of the test data are heard there alone.

    Args:
        input: name of the encoder that takes the spikes.
        shape: `(700,)`, or fewer channels, whose number divides 700, such as `(140,)`.
        path: folder with `shd_train.h5` and `shd_test.h5`, or their zip files; downloaded by default.
        steps: number of steps.
        bin: ms of a step; `None` for steps of as many events each.

    Returns:
        Training data and test data.

    Raises:
        ValueError: a shape that does not fit, or a damaged file.
        OSError: when a file is not there, or cannot be downloaded.
        ImportError: when h5py is not installed.

    Source: Cramer, Stradmann, Schemmel and Zenke, The Heidelberg spiking data sets for the systematic evaluation of spiking
    neural networks (2020).
    """
    return _both("shd", input, shape, path, steps, bin)


def ssc(
    input: str = "events",
    shape: tuple[int, ...] = _SENSOR,
    *,
    path: str | os.PathLike[str] | None = None,
    steps: int = 100,
    bin: float | None = 10.0,
) -> tuple[Dataset, Dataset]:
    """Spiking Speech Commands: 75 466 and 20 382 recordings of 1 s of 35 spoken words.

    Args:
        input: name of the encoder that takes the spikes.
        shape: `(700,)`, or fewer channels, whose number divides 700, such as `(140,)`.
        path: folder with `ssc_train.h5` and `ssc_test.h5`, or their zip files; downloaded by default.
        steps: number of steps.
        bin: ms of a step; `None` for steps of as many events each.

    Returns:
        Training data and test data.

    Raises:
        ValueError: a shape that does not fit, or a damaged file.
        OSError: when a file is not there, or cannot be downloaded.
        ImportError: when h5py is not installed.

    Source: Cramer, Stradmann, Schemmel and Zenke, The Heidelberg spiking data sets for the systematic evaluation of spiking
    neural networks (2020).
    """
    return _both("ssc", input, shape, path, steps, bin)


def _both(
    what: str, input: str, shape: tuple[int, ...], path: str | os.PathLike[str] | None, steps: int, bin: float | None
) -> tuple[Dataset, Dataset]:
    def part(name: str) -> Dataset:
        file = f"{what}_{name}.h5"
        bare = None if path is None else Path(path) / file
        arrays = hdf5(bare if bare is not None and bare.is_file() else _unpacked(fetch(what, _FILES[f"{file}.zip"], path)))
        if missing := [key for key in ("time", "labels") if key not in arrays]:
            raise ValueError(f"'{what}': {file} has no {missing[0].replace('time', 'spikes')}.")
        recordings = Recordings(arrays["address"], arrays["time"], arrays["offset"], _SENSOR)
        names = tuple(np.atleast_1d(arrays.get("extra/keys", np.array([], str))).tolist())
        return event_data(input, shape, (recordings, arrays["labels"]), names, steps, bin)

    return part("train"), part("test")


def _unpacked(archive: Path) -> Path:
    """The file of a zip file, beside it."""
    file = archive.with_suffix("")
    if not file.is_file():
        with damage(archive, "a zip file"), zipfile.ZipFile(archive) as members:
            if file.name not in members.namelist():
                raise ValueError(f"it has no {file.name}")

            def write(temporary: Path) -> None:
                with members.open(file.name) as packed, open(temporary, "wb") as out:
                    shutil.copyfileobj(packed, out, 1 << 20)

            write_whole(file, write)
    return file
