"""Heartbeats, and the wave that each moment belongs to."""

import math
import os

import numpy as np

from spaic_jax.data.dataset import LABELS, Dataset
from spaic_jax.data.download import Remote, fetch
from spaic_jax.data.read.mat import mat

_URL = "https://raw.githubusercontent.com/byin-cwi/Efficient-spiking-networks"
_FILES = {
    "train": Remote("QTDB_train.mat", (f"{_URL}/1331f6c052e73d48eb71a1dc62239948e874ecb2/data/QTDB_train.mat",)),
    "test": Remote("QTDB_test.mat", (f"{_URL}/25a29e8d1ebfef6df6a7689d76000f702a21e8d7/NMI_vis/ecg/QTDB_test.mat",)),
}
_NAMES = ("P", "PQ", "QR", "RS", "ST", "TP")


def ecg(
    input: str = "leads", shape: tuple[int, ...] = (4,), *, path: str | os.PathLike[str] | None = None
) -> tuple[Dataset, Dataset]:
    """ECG: 618 and 141 recordings of 1300 steps of heartbeats as spikes of four neurons, the class of each step being one of six waves.

    Recordings of the QT database of two leads, each with a neuron for rises and one for falls of the potential.

    Args:
        input: name of the encoder that takes the spikes.
        shape: shape of one step of a sample: `(4,)`, `(2, 2)` or what else holds 4.
        path: folder with `QTDB_train.mat` and `QTDB_test.mat`; downloaded by default.

    Returns:
        Training data and test data, with labels `[T, N]`.

    Raises:
        ValueError: a shape that does not hold 4, or another file.
        OSError: when a file is not there, or cannot be downloaded.

    Source: Yin, Corradi and Bohté, Accurate and efficient time-domain classification with adaptive spiking recurrent neural
    networks (2021); Laguna et al., A database for evaluation of algorithms for measurement of QT and other waveform intervals in
    the ECG (1997).
    """
    if math.prod(shape) != 4:
        raise ValueError(f"'ecg' has 4 neurons, which the shape {tuple(shape)} does not hold.")

    def part(name: str) -> Dataset:
        file = fetch("ecg", _FILES[name], path)
        arrays = mat(file)
        x, y = (np.asarray(arrays.get(key, ())) for key in "xy")
        if x.ndim != 3 or x.shape[2] != 4 or y.shape != (*x.shape[:2], 6) or not np.isin(x, (0, 1)).all():
            raise ValueError(f"'{file}' holds x {x.shape} and y {y.shape}, but spikes [N, T, 4] and waves [N, T, 6] are needed.")
        spikes = x.astype(bool).transpose(1, 0, 2).reshape(x.shape[1], len(x), *shape)
        return Dataset({input: spikes}, y.argmax(2).T.astype(np.int32), _NAMES, sequences=(input, LABELS))

    return part("train"), part("test")
