"""Data sets: arrays by the name of the encoder that takes them, and labels."""

from collections.abc import Callable

from spaic_jax.data.dataset import Dataset
from spaic_jax.data.digits import digits
from spaic_jax.data.mnist import mnist5000
from spaic_jax.data.store_recall import store_recall

#: Makers of training and test data by name: `(input, shape) -> (training, test)`.
DATASETS: dict[str, Callable[..., tuple[Dataset, Dataset]]] = {
    "digits": digits,
    "mnist5000": mnist5000,
    "store_recall": store_recall,
}

__all__ = ["DATASETS", "Dataset", "digits", "mnist5000", "store_recall"]
