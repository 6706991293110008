"""Data sets: arrays by the name of the encoder that takes them, and labels."""

import functools
from collections.abc import Callable

from spaic_jax._errors import unknown
from spaic_jax.data.braille import braille
from spaic_jax.data.dataset import Dataset
from spaic_jax.data.delay_task import delay_task
from spaic_jax.data.digits import digits
from spaic_jax.data.download import cache_folder
from spaic_jax.data.dvs_gesture import dvs_gesture
from spaic_jax.data.ecg import ecg
from spaic_jax.data.events import Frames, Recordings, recordings_of
from spaic_jax.data.fashion_mnist import fashion_mnist
from spaic_jax.data.heartbeats import heartbeats
from spaic_jax.data.heidelberg import shd, ssc
from spaic_jax.data.japanese_vowels import japanese_vowels
from spaic_jax.data.mnist import mnist
from spaic_jax.data.mnist5000 import mnist5000
from spaic_jax.data.nmnist import nmnist
from spaic_jax.data.own import own
from spaic_jax.data.sequential import sequential_digits, sequential_mnist5000
from spaic_jax.data.store_recall import store_recall
from spaic_jax.data.tonic import tonic

Maker = Callable[..., tuple[Dataset, Dataset]]

#: Makers of training and test data by name: `(input, shape, **settings) -> (training, test)`.
DATASETS: dict[str, Maker] = {
    "digits": digits,
    "sequential_digits": sequential_digits,
    "mnist5000": mnist5000,
    "sequential_mnist5000": sequential_mnist5000,
    "mnist": mnist,
    "fashion_mnist": fashion_mnist,
    "nmnist": nmnist,
    "shd": shd,
    "ssc": ssc,
    "dvs_gesture": dvs_gesture,
    "braille": braille,
    "ecg": ecg,
    "heartbeats": heartbeats,
    "japanese_vowels": japanese_vowels,
    "delay_task": delay_task,
    "store_recall": store_recall,
    "tonic": tonic,
}


def resolve_dataset(name: str) -> Maker:
    """What makes the data of a name; `"tonic:POKERDVS"` is that set of tonic's.

    Raises:
        ValueError: unknown name.

    >>> resolve_dataset("digits") is digits
    True
    """
    family, _, dataset = name.partition(":")
    if family == "tonic" and dataset:
        return functools.partial(tonic, dataset=dataset)
    if name not in DATASETS or name == "tonic":
        raise ValueError(unknown("data set", name, {*DATASETS, "tonic:NAME"} - {"tonic"}))
    return DATASETS[name]


__all__ = [
    "DATASETS",
    "Dataset",
    "Frames",
    "Recordings",
    "braille",
    "cache_folder",
    "delay_task",
    "digits",
    "dvs_gesture",
    "ecg",
    "fashion_mnist",
    "heartbeats",
    "japanese_vowels",
    "mnist",
    "mnist5000",
    "nmnist",
    "own",
    "recordings_of",
    "resolve_dataset",
    "sequential_digits",
    "sequential_mnist5000",
    "shd",
    "ssc",
    "store_recall",
    "tonic",
]
