"""Handwritten digits of 28 x 28 pixels, all 70 000."""

import math
import os

import numpy as np

from spaic_jax.data.dataset import Dataset
from spaic_jax.data.download import Remote, fetch
from spaic_jax.data.read.idx import read_idx

# torchvision's checksums.
_FILES = tuple(
    Remote(name, tuple(f"https://{host}/{name}" for host in ("ossci-datasets.s3.amazonaws.com/mnist", "storage.googleapis.com/cvdf-datasets/mnist")), md5)
    for name, md5 in (
        ("train-images-idx3-ubyte.gz", "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
        ("train-labels-idx1-ubyte.gz", "d53e105ee54ea40749a09fcbcd1e9432"),
        ("t10k-images-idx3-ubyte.gz", "9fb629c4189551a2d022fa330f9573f3"),
        ("t10k-labels-idx1-ubyte.gz", "ec29112dd5afa0611ce80d1b7f02629c"),
    )
)


def mnist(
    input: str = "image", shape: tuple[int, ...] = (784,), *, path: str | os.PathLike[str] | None = None
) -> tuple[Dataset, Dataset]:
    """MNIST: 60 000 and 10 000 images of 28 x 28 pixels in ten classes.

    Pixels are divided by 255, float32 in [0, 1].

    Args:
        input: name of the encoder that takes the images.
        shape: shape of one image: `(784,)`, `(1, 28, 28)` or what else holds 784.
        path: folder with the four files `train-images-idx3-ubyte.gz`, ..., packed or not; downloaded by default.

    Returns:
        Training data and test data.

    Raises:
        ValueError: when `shape` does not hold 784 pixels, or a file is damaged.
        OSError: when a file is not there, or cannot be downloaded.

    Source: LeCun, Bottou, Bengio and Haffner, Gradient-based learning applied to document recognition (1998).
    """
    return images("mnist", _FILES, tuple("0123456789"), input, shape, path)


def images(
    what: str, files: tuple[Remote, ...], names: tuple[str, ...], input: str, shape: tuple[int, ...], path: str | os.PathLike[str] | None
) -> tuple[Dataset, Dataset]:
    """Images of 28 x 28 pixels and their labels, from four files as those of MNIST."""
    if math.prod(shape) != 784:
        raise ValueError(f"images of {what} have 784 pixels, which the shape {tuple(shape)} does not hold.")
    arrays = [read_idx(fetch(what, file, path)) for file in files]
    parts = []
    for pixels, labels in (arrays[:2], arrays[2:]):
        if pixels.shape != (len(labels), 28, 28) or labels.ndim != 1 or not 0 <= labels.min() <= labels.max() < len(names):
            raise ValueError(f"'{what}': its files hold images of shape {pixels.shape} and labels of shape {labels.shape}.")
        parts.append(Dataset({input: (pixels / np.float32(255)).reshape(-1, *shape)}, labels.astype(np.int32), names, sequences=()))
    return parts[0], parts[1]
