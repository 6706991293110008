"""Samples, and their labels where there are any."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class Dataset:
    """N samples, and their labels where there are any.

    Attributes:
        inputs: for each encoder, by name, `[N, *shape]` (held for the run) or `[T, N, *shape]` (time first, as
            everywhere): numbers or booleans, in arrays of JAX, NumPy or any library whose arrays NumPy can read.
        labels: class indices, integers `[N]`, in whatever NumPy can read; kept as an array of NumPy. `None` for samples
            without labels, which `spaic_jax.train.learn` can learn from.
        class_names: names of the classes; empty where numbers will do.

    Raises:
        ValueError: labels that are no vector of integers, or no inputs. What depends on the network, such as shapes,
            is checked by `fit` and `evaluate`.

    Example:
        >>> data = Dataset({"image": np.zeros((3, 4), np.float32)}, np.array([0, 1, 0]))
        >>> len(data)
        3
    """

    inputs: Mapping[str, Any]
    labels: Any = None
    class_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.inputs, Mapping) or not self.inputs:
            raise ValueError(
                f"a Dataset needs its inputs as a mapping from encoder name to array, got {type(self.inputs).__name__}."
            )
        if self.labels is not None:
            # Arrays of any library: NumPy reads those of JAX, of tensors and of data frames.
            labels = np.asarray(self.labels)
            if labels.ndim != 1 or labels.dtype.kind not in "iu" or not len(labels):
                raise ValueError(
                    f"the labels of a Dataset are {labels.dtype} of shape {labels.shape}, but need to be integers of shape"
                    " [N], one class index a sample."
                )
            object.__setattr__(self, "labels", labels)
        object.__setattr__(self, "inputs", dict(self.inputs))
        object.__setattr__(self, "class_names", tuple(self.class_names))

    def __len__(self) -> int:
        if self.labels is None:
            raise TypeError("a Dataset without labels has no length of its own: its arrays may have time or samples first.")
        return len(self.labels)
