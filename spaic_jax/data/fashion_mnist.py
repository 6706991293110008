"""Articles of clothing of 28 x 28 pixels."""

import os

from spaic_jax.data.dataset import Dataset
from spaic_jax.data.download import Remote
from spaic_jax.data.mnist import images

# torchvision's checksums.
_FILES = tuple(
    Remote(name, (f"http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/{name}",), md5)
    for name, md5 in (
        ("train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
        ("train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe"),
        ("t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79"),
        ("t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310"),
    )
)
_NAMES = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")


def fashion_mnist(
    input: str = "image", shape: tuple[int, ...] = (784,), *, path: str | os.PathLike[str] | None = None
) -> tuple[Dataset, Dataset]:
    """Fashion-MNIST: 60 000 and 10 000 images of 28 x 28 pixels of ten kinds of clothing.

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

    Source: Xiao, Rasul and Vollgraf, Fashion-MNIST: a novel image dataset for benchmarking machine learning algorithms (2017).
    """
    return images("fashion_mnist", _FILES, _NAMES, input, shape, path)
