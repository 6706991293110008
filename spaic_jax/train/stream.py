"""Data on its way to the device: all of it at once, or part by part in the order of an epoch."""

import concurrent.futures
import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax.data.lazy import taken
from spaic_jax.train import room
from spaic_jax.train.arrays import Arrays

#: A part takes so many bytes at most, if a batch does not take more, so that three of them are no matter.
LARGEST = 2**26


@dataclasses.dataclass(frozen=True, eq=False)
class Stored:
    """A data set that does not fit the device: it stays in memory or on a disk, and is looked at as it is read.

    Attributes:
        inputs: arrays of NumPy, on a disk (`np.memmap`) or lazy, by name.
        axes: the axis of the samples of each input.
        dtypes: of each input on the device.
        count: the number of samples.
        check: looks at some samples of the inputs, read, and raises ValueError where they cannot be run.
        labels: those of all samples, where there are any.
        label_axis: the axis of the samples of the labels.
        lengths: the steps of each sample, where they differ.
    """

    inputs: dict[str, Any]
    axes: dict[str, int]
    dtypes: dict[str, Any]
    count: int
    check: Callable[[dict[str, np.ndarray]], None]
    labels: np.ndarray | None = None
    label_axis: int = 0
    lengths: np.ndarray | None = None

    def __len__(self) -> int:
        return self.count

    @property
    def bytes_each(self) -> int:
        """Bytes of a sample on the device."""
        return sum(
            int(np.prod(x.shape, dtype=np.int64)) // self.count * np.dtype(self.dtypes[name]).itemsize for name, x in self.inputs.items()
        )

    def read(self, index: np.ndarray) -> Arrays:
        """Some samples, by their numbers, looked at; arrays of NumPy.

        Raises:
            ValueError: naming the first sample that cannot be run.
        """
        inputs = {name: np.asarray(taken(x, index, self.axes[name])) for name, x in self.inputs.items()}
        for name, x in inputs.items():
            wanted = list(self.inputs[name].shape)
            wanted[self.axes[name]] = len(index)
            if x.shape != tuple(wanted):
                raise ValueError(f"input '{name}' gave {x.shape} when {len(index)} samples were taken, but needs {tuple(wanted)}.")
        try:
            self.check(inputs)
        except ValueError:
            # Which one it is, is worth a second look.
            for place, number in enumerate(index):
                one = {name: np.take(x, [place], self.axes[name]) for name, x in inputs.items()}
                try:
                    self.check(one)
                except ValueError as error:
                    raise ValueError(f"sample {number}: {error}") from error
            raise
        return Arrays(
            {name: x.astype(self.dtypes[name], copy=False) for name, x in inputs.items()},
            len(index),
            None if self.labels is None else np.take(self.labels, index, self.label_axis),
            None if self.lengths is None else self.lengths[index],
        )


@dataclasses.dataclass(frozen=True)
class Part:
    """Some updates of an epoch, and the data for them.

    Attributes:
        arrays: the data on the device.
        order: where in it the samples of the updates from the first one on are; of several trainings an axis in front.
        first: number of the first update, on the device.
        updates: the numbers of the updates.
    """

    arrays: Arrays
    order: jax.Array
    first: jax.Array
    updates: range


def parts(arrays: Arrays | Stored, order: Any, batch_size: int) -> Iterator[Part]:
    """The data for the updates of an epoch, in their order.

    What is on the device is one part. Else a thread reads the part that comes next while one is worked on; an error in it is
    raised here. It ends with the iteration: close the iterator where that may break off (`contextlib.closing`).

    Args:
        arrays: the data.
        order: numbers of the samples in the order of the epoch, `[n]`, or `[K, n]` of K trainings; those that fill no batch are
            left over.
        batch_size: samples of an update.
    """
    updates = order.shape[-1] // batch_size
    if isinstance(arrays, Arrays):
        yield Part(arrays, jnp.asarray(order), jnp.int32(0), range(updates))
        return
    numbers = np.asarray(order)[..., : updates * batch_size]
    trainings = numbers.size // numbers.shape[-1]
    limit = min(LARGEST, room.room() // 4)
    at_once = min(updates, max(1, limit // max(1, arrays.bytes_each * batch_size * trainings)))
    # Alike in size, so that the last one has little to be filled up with, for it to have the same shape.
    at_once = -(-updates // -(-updates // at_once))
    places = jnp.arange(at_once * batch_size * trainings, dtype=jnp.int32).reshape(*numbers.shape[:-1], -1)

    def read(first: int) -> Arrays:
        index = numbers[..., first * batch_size : (first + at_once) * batch_size]
        missing = at_once * batch_size - index.shape[-1]
        return arrays.read(np.pad(index, [(0, 0)] * (index.ndim - 1) + [(0, missing)], mode="edge").reshape(-1))

    with concurrent.futures.ThreadPoolExecutor(1, "spaic_jax data") as reader:
        ahead = reader.submit(read, 0)
        for first in range(0, updates, at_once):
            ready = ahead.result()
            after = first + at_once
            if after < updates:
                ahead = reader.submit(read, after)
            # The device is told by the thread that works with it: a default device is a matter of a thread.
            yield Part(jax.tree.map(jnp.asarray, ready), places, jnp.int32(first), range(first, min(after, updates)))
