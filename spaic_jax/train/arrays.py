"""A checked data set, on the device or where it is read from."""

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from spaic_jax.data.lazy import is_lazy, taken


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Arrays:
    """A checked data set on the device, or some samples of it: a pytree of arrays.

    Attributes:
        inputs: by name, `[T, N, *shape]`, or `[N, *shape]` held.
        count: the number of samples N.
        labels: `[N]`, `[T, N]` or targets, where there are any.
        lengths: the steps of each sample, `[N]`, where they differ.
    """

    inputs: dict[str, Any]
    count: int = dataclasses.field(metadata={"static": True})
    labels: Any = None
    lengths: Any = None

    def __len__(self) -> int:
        return self.count

    @property
    def struct(self) -> "Arrays":
        """Arrays of which shapes and dtypes can be told."""
        return self


@dataclasses.dataclass(frozen=True, eq=False)
class Stored:
    """A data set that does not fit the device: it stays in memory or on a disk, and its values are looked at as it is read.

    Attributes:
        inputs: arrays of NumPy, on a disk (`np.memmap`) or lazy, by name.
        axes: the axis of the samples of each input.
        dtypes: of each input on the device.
        count: the number of samples N.
        check: looks at some samples of the inputs, and raises ValueError where they cannot be run.
        what: what error messages call the data.
        labels: those of all samples, as of `Arrays`.
        lengths: the steps of each sample, `[N]`, where they differ.
    """

    inputs: dict[str, Any]
    axes: dict[str, int]
    dtypes: dict[str, Any]
    count: int
    check: Callable[[dict[str, Any]], None]
    what: str
    labels: Any = None
    lengths: Any = None

    def __post_init__(self) -> None:
        for name in ("labels", "lengths"):
            value = getattr(self, name)
            object.__setattr__(self, name, None if value is None else np.asarray(value))

    def __len__(self) -> int:
        return self.count

    @property
    def bytes_each(self) -> int:
        """Bytes of a sample of the inputs on the device."""
        return sum(math.prod(self._shape(name, 1)) * np.dtype(dtype).itemsize for name, dtype in self.dtypes.items())

    @property
    def struct(self) -> Arrays:
        """The shapes and dtypes of one sample, with the labels and lengths of all, as if they were on the device."""
        inputs = {name: jax.ShapeDtypeStruct(self._shape(name, 1), dtype) for name, dtype in self.dtypes.items()}
        return Arrays(inputs, 1, self.labels, self.lengths)

    def read(self, index: np.ndarray, label_axis: int = 0) -> Arrays:
        """Some samples, by their numbers `[n]`, looked at; arrays of NumPy.

        Args:
            index: their numbers.
            label_axis: the axis of the samples of the labels.

        Raises:
            ValueError: naming the first sample that cannot be run.
        """
        inputs = {name: self._taken(name, index) for name in self.inputs}
        self._look(inputs, index)
        return Arrays(
            {name: x.astype(self.dtypes[name], copy=False) for name, x in inputs.items()},
            len(index),
            None if self.labels is None else np.take(self.labels, index, label_axis),
            None if self.lengths is None else self.lengths[index],
        )

    def _shape(self, name: str, count: int) -> tuple[int, ...]:
        shape, axis = tuple(self.inputs[name].shape), self.axes[name]
        return (*shape[:axis], count, *shape[axis + 1 :])

    def _taken(self, name: str, index: np.ndarray) -> np.ndarray:
        """Some samples of an input; a lazy one is asked for each of them once, in the order in which they lie."""
        x, axis = self.inputs[name], self.axes[name]
        if not is_lazy(x):
            return np.asarray(taken(x, index, axis))
        ordered, places = np.unique(index, return_inverse=True)
        found, needed = taken(x, ordered, axis), self._shape(name, len(ordered))
        if found.shape != needed:
            raise ValueError(
                f"{self.what}: input '{name}' gave an array of shape {found.shape} for {len(ordered)} samples, but needs {needed}."
            )
        return np.take(found, places.reshape(-1), axis)

    def _look(self, inputs: dict[str, np.ndarray], index: np.ndarray) -> None:
        try:
            self.check(inputs)
        except ValueError as error:
            # Where it is among those that were read says nothing: look for the sample.
            for place, number in enumerate(index):
                try:
                    self.check({name: np.take(x, [place], self.axes[name]) for name, x in inputs.items()})
                except ValueError as own:
                    raise ValueError(f"{self.what}: sample {number}: {own}") from own
            raise ValueError(f"{self.what}: {error}") from error
