"""Data on its way to the device: all of it at once, or part by part in the order of an epoch."""

import concurrent.futures
import dataclasses
import math
from collections.abc import Generator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import NamedSharding

from spaic_jax.train import room
from spaic_jax.train.arrays import Arrays, Stored
from spaic_jax.train.task import Task

#: A part takes so many bytes at most, if a batch does not take more, so that three of them are no matter.
LARGEST = 2**26


@dataclasses.dataclass(frozen=True)
class Part:
    """Some updates of an epoch, and the data for them.

    Attributes:
        arrays: the data on the device.
        order: where in it the samples of the updates from the first one on are; of several trainings an axis in front. `None` where
            they are those of one update.
        first: number of the first update.
        updates: the numbers of the updates.
    """

    arrays: Arrays
    order: jax.Array | None
    first: Any
    updates: range


def parts(task: Task, arrays: Arrays | Stored, order: Any, batch_size: int) -> Generator[Part, None, None]:
    """The data for the updates of an epoch, in their order.

    What is on the device is one part. Else a thread reads the part that comes next while one is worked on; an error in it is raised
    here. On a mesh each update is a part, of which a process reads its own share. The thread ends with the iteration: close the
    generator where that may break off (`contextlib.closing`).

    Args:
        task: what the data is for.
        arrays: the data.
        order: numbers of the samples in the order of the epoch, `[n]`, or `[K, n]` of K trainings; those that fill no batch are
            left over.
        batch_size: samples of an update.
    """
    updates = order.shape[-1] // batch_size
    if isinstance(arrays, Arrays):
        yield Part(arrays, task.put(jnp.asarray(order)), np.int32(0), range(updates))
        return
    numbers = np.asarray(order)[..., : updates * batch_size]
    trainings = numbers.size // numbers.shape[-1]
    if task.layout is not None and numbers.ndim == 1:
        yield from _dealt(task, arrays, numbers.reshape(updates, batch_size))
        return
    limit = min(LARGEST, room.room() // 4)
    at_once = min(updates, max(1, limit // max(1, arrays.bytes_each * batch_size * trainings)))
    # Alike in size, so that the last one has little to be filled up with, for it to have the same shape.
    at_once = math.ceil(updates / math.ceil(updates / at_once))
    places = jnp.arange(at_once * batch_size * trainings, dtype=jnp.int32).reshape(*numbers.shape[:-1], -1)

    def read(first: int) -> Arrays:
        index = numbers[..., first * batch_size : (first + at_once) * batch_size]
        missing = at_once * batch_size - index.shape[-1]
        filled = np.pad(index, [(0, 0)] * (index.ndim - 1) + [(0, missing)], mode="edge")
        return arrays.read(filled.reshape(-1), task.label_axis)

    with concurrent.futures.ThreadPoolExecutor(1, "spaic_jax data") as reader:
        ahead = reader.submit(read, 0)
        for first in range(0, updates, at_once):
            ready = ahead.result()
            after = first + at_once
            if after < updates:
                ahead = reader.submit(read, after)
            # The device is told by the thread that works with it: a default device is a matter of a thread.
            yield Part(task.put(on_device(ready)), task.put(places), jnp.int32(first), range(first, min(after, updates)))


def _dealt(task: Task, arrays: Stored, numbers: np.ndarray) -> Generator[Part, None, None]:
    """An update after the other, by the numbers of their samples, `[updates, batch]`; each device has its share of it."""
    layout, size = task.layout, numbers.shape[1]
    assert layout is not None

    def across(axis: int) -> NamedSharding:
        return layout.whole if size % layout.shares else layout.across(axis)

    def ends(index: Any, axis: int) -> tuple[int, int]:
        place = index[axis]
        return place.start or 0, size if place.stop is None else place.stop

    own = sorted({ends(index, 0) for index in across(0).addressable_devices_indices_map((size,)).values()})

    def read(number: int) -> list[Arrays]:
        return [arrays.read(numbers[number][begin:end], task.label_axis) for begin, end in own]

    def joined(shares: list[Arrays]) -> Arrays:
        def one(axis: int, *shares: np.ndarray) -> jax.Array:
            share, shape = dict(zip(own, shares, strict=True)), shares[0].shape
            shape = (*shape[:axis], size, *shape[axis + 1 :])
            return jax.make_array_from_callback(shape, across(axis), lambda index: share[ends(index, axis)])

        axes = task.each(lambda x, axis: axis, shares[0], len(shares[0]))
        return dataclasses.replace(jax.tree.map(one, axes, *shares), count=size)

    with concurrent.futures.ThreadPoolExecutor(1, "spaic_jax data") as reader:
        ahead = reader.submit(read, 0)
        for number in range(len(numbers)):
            ready = ahead.result()
            if number + 1 < len(numbers):
                ahead = reader.submit(read, number + 1)
            yield Part(joined(ready), None, np.int32(number), range(number, number + 1))


def on_device(arrays: Arrays) -> Arrays:
    """Samples that were read, on the device."""
    return jax.tree.map(jnp.asarray, arrays)


def samples(task: Task, arrays: Arrays | Stored, index: np.ndarray) -> Arrays:
    """Some samples of a data set on the device, by their numbers `[n]`."""
    if isinstance(arrays, Arrays):
        return task.take(arrays, jnp.asarray(index, jnp.int32))
    return on_device(arrays.read(index, task.label_axis))
