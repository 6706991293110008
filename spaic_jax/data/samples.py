"""Arrays with their axes put in order, read when they are asked for."""

import dataclasses
import math
from typing import Any

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class Samples:
    """Some samples of an array, time first and each in the shape that is needed.

    Attributes:
        array: what NumPy's indexing reads, such as a memory-mapped file.
        axes: a letter for each axis: `N` samples, `T` time where there is such an axis, others for those of a sample, of
            which C, H and W (channels, height, width) are put into that order.
        sample: shape of one step of one sample.
        scale: the value that becomes 1; values stay as they are without it.
        steps: to how many steps time is padded with zeros; it is as long as it is without.

    Raises:
        ValueError: axes that are not those of the array, or a sample of another size.

    Example:
        >>> x = Samples(np.arange(12).reshape(2, 3, 2), "NTC", (2,))
        >>> x.shape, x.take([1]).tolist()
        ((3, 2, 2), [[[6, 7]], [[8, 9]], [[10, 11]]])
    """

    array: Any
    axes: str
    sample: tuple[int, ...]
    scale: float | None = None
    steps: int | None = None

    def __post_init__(self) -> None:
        axes = self.axes
        if not (axes.isalpha() and axes.isupper() and len(set(axes)) == len(axes) and "N" in axes):
            raise ValueError(f'axes are a letter each, such as "NTC": N for samples and T for time, got {axes!r}.')
        if len(axes) != self.array.ndim:
            raise ValueError(f'axes are {len(axes)}, "{axes}", but the array has {self.array.ndim}: {self.array.shape}.')
        one = tuple(self.array.shape[axes.index(letter)] for letter in self._order if letter not in "NT")
        if math.prod(one) != math.prod(self.sample):
            raise ValueError(
                f'samples are {one} in an array of {self.array.shape} with axes "{axes}", but the encoder takes {self.sample}.'
            )

    @property
    def _order(self) -> str:
        """The letters in the order in which they are needed."""
        ordered = iter(sorted((letter for letter in self.axes if letter in "CHW"), key="CHW".index))
        rest = "".join(next(ordered) if letter in "CHW" else letter for letter in self.axes if letter not in "NT")
        return ("TN" if "T" in self.axes else "N") + rest

    def __len__(self) -> int:
        return int(self.array.shape[self.axes.index("N")])

    @property
    def shape(self) -> tuple[int, ...]:
        """`(T, N, *sample)`, or `(N, *sample)`."""
        time = (self.steps or self.array.shape[self.axes.index("T")],) if "T" in self.axes else ()
        return (*time, len(self), *self.sample)

    @property
    def dtype(self) -> np.dtype:
        """Of what `take` gives: float32 where numbers have fractions or a scale."""
        given = np.dtype(self.array.dtype)
        return np.dtype(np.float32) if self.scale is not None or given.kind == "f" else given

    def take(self, index: Any) -> np.ndarray:
        """Some of the samples, `[T, B, *sample]` or `[B, *sample]`."""
        place = self.axes.index("N")
        part = np.asarray(self.array[(slice(None),) * place + (np.asarray(index),)])
        ordered = part.transpose([self.axes.index(letter) for letter in self._order])
        # What is too large becomes infinite, which the check of the data tells.
        with np.errstate(over="ignore"):
            values = ordered.reshape(*ordered.shape[: 2 if "T" in self.axes else 1], *self.sample).astype(self.dtype)
            values = values if self.scale is None else values / np.float32(self.scale)
        missing = self.shape[0] - len(values) if "T" in self.axes else 0
        return np.pad(values, [(0, missing), *[(0, 0)] * (values.ndim - 1)]) if missing else values
