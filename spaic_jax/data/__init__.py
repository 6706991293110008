"""Data sets: arrays by the name of the encoder that takes them, and labels."""

from collections.abc import Callable

from spaic_jax.data.dataset import Dataset
from spaic_jax.data.digits import digits

#: Makers of training and test data by name: `(input, shape) -> (training, test)`.
DATASETS: dict[str, Callable[..., tuple[Dataset, Dataset]]] = {"digits": digits}

__all__ = ["DATASETS", "Dataset", "digits"]
