"""Handwritten digits of 8 x 8 pixels, from scikit-learn."""

import math

import numpy as np

from spaic_jax._extras import import_extra
from spaic_jax.data.dataset import Dataset


def digits(input: str = "image", shape: tuple[int, ...] = (64,)) -> tuple[Dataset, Dataset]:
    """scikit-learn's digits: 1797 images of 8 x 8 pixels in ten classes, split into training and test data.

    Of each class, in the order of the file, every fifth sample is test data: 355 in all. The split depends on nothing,
    so that all seeds are tested on the same samples. Pixels are divided by 16, float32 in [0, 1].

    Args:
        input: name of the encoder that takes the images.
        shape: shape of one image: `(64,)`, `(1, 8, 8)` or what else holds 64.

    Returns:
        Training data and test data.

    Raises:
        ValueError: when `shape` does not hold 64 pixels.
        ImportError: when scikit-learn is not installed.

    Source: Alpaydin and Kaynak, Optical Recognition of Handwritten Digits, UCI (1998).

    Example:
        >>> training, test = digits()
        >>> training.inputs["image"].shape, len(test)
        ((1442, 64), 355)
    """
    if math.prod(shape) != 64:
        raise ValueError(f"the digits have 64 pixels, which the shape {tuple(shape)} does not hold.")
    bunch = import_extra("sklearn.datasets", "the data set 'digits'").load_digits()
    images = (np.asarray(bunch.data, np.float32) / np.float32(16)).reshape(-1, *shape)
    labels = np.asarray(bunch.target, np.int32)
    return Dataset({input: images}, labels, tuple("0123456789"), sequences=()).split(0.2)
