"""A data set checked against a network, on the device if it fits there, else where it is."""

import contextlib
import functools
from collections.abc import Iterator, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax.data import Dataset
from spaic_jax.data.lazy import is_lazy, taken
from spaic_jax.program import Program
from spaic_jax.run import Simulator
from spaic_jax.run.check import batch_of_inputs, check_finite, check_inputs
from spaic_jax.run.inputs import check_values
from spaic_jax.train import room
from spaic_jax.train.arrays import Arrays, Stored


def checked_arrays(sim: Simulator, data: Dataset, steps: int | None, what: str) -> tuple[Arrays | Stored, int]:
    """The data, but for its labels, and the number of steps of a run: on the device if it fits, else where it is."""
    if not isinstance(data, Dataset):
        raise TypeError(f"{what} must be a spaic_jax.data.Dataset, not {type(data).__name__}.")
    program, declared = sim.program, sim.program.by_name
    with named(what):
        seen, length = check_inputs(program, {n: _standing_for(x) for n, x in data.inputs.items()}, _count(data), steps, axis="N")
        if data.lengths is not None and data.lengths.max() > length:
            at = data.lengths.argmax()
            raise ValueError(f"lengths[{at}] is {data.lengths[at]}, but a run has {length} steps.")
    given = {n: data.inputs[n] if is_lazy(data.inputs[n]) else x for n, x in seen.items()}
    # Spikes rest as bytes or booleans; the run converts the batch it takes.
    dtypes = {n: x.dtype if np.dtype(x.dtype).itemsize == 1 else declared[n].dtype for n, x in seen.items()}
    axes = {n: x.ndim - len(declared[n].shape) - 1 for n, x in seen.items()}
    stored = Stored(
        given, axes, dtypes, batch_of_inputs(declared, seen), functools.partial(_check, program, length), what,
        lengths=None if data.lengths is None else np.asarray(data.lengths, np.int32),
    )
    there = sum(x.nbytes for n, x in given.items() if isinstance(x, jax.Array) and x.dtype == dtypes[n])
    if stored.bytes_each * len(stored) - there > room.room():
        return stored, length
    whole = {n: taken(x, np.arange(len(stored)), axes[n]) if is_lazy(x) else x for n, x in given.items()}
    with named(what):
        _check(program, length, whole)
    arrays = {n: jnp.asarray(x, dtypes[n]) for n, x in whole.items()}
    return Arrays(arrays, len(stored), lengths=None if stored.lengths is None else jnp.asarray(stored.lengths)), length


def _check(program: Program, steps: int, inputs: Mapping[str, Any]) -> None:
    """ValueError that names the first number of some samples that cannot be run."""
    for name, x in inputs.items():
        if program.by_name[name].check is None:
            check_finite(f"input '{name}'", x)
    check_values(program, inputs, steps)


def _standing_for(array: Any) -> Any:
    """An array itself, or one without numbers of its own that has the shape and dtype of a lazy one."""
    return np.broadcast_to(np.zeros((), array.dtype), tuple(array.shape)) if is_lazy(array) else array


def _count(data: Dataset) -> int | None:
    """The number of samples, where lengths or labels tell."""
    if data.lengths is not None:
        return len(data.lengths)
    return None if data.labels is None or regressed(data.labels) else int(data.labels.shape[-1])


@contextlib.contextmanager
def named(what: str) -> Iterator[None]:
    """Say of which data set an error is."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{what}: {error}") from error


def given_labels(data: Dataset, decoder: str) -> np.ndarray:
    """The labels that a decoder is held to; ValueError where there are none."""
    if data.labels is None:
        raise ValueError(f"there are no labels, which decoder '{decoder}' is held to.")
    labels: np.ndarray = data.labels
    return labels


def regressed(labels: np.ndarray) -> bool:
    """Whether labels are targets to regress."""
    return bool(jnp.issubdtype(labels.dtype, jnp.floating))
