"""Samples, and their labels where there are any."""

import dataclasses
import functools
from collections.abc import Collection, Mapping
from fractions import Fraction
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax._errors import unknown
from spaic_jax._numbers import array_of, real
from spaic_jax.data.lazy import chosen, shape_of, taken

#: What error messages and `Dataset.sequences` call the labels.
LABELS = "labels"


@dataclasses.dataclass(frozen=True, eq=False)
class Dataset:
    """N samples, and their labels where there are any.

    Attributes:
        inputs: for each encoder, by name, `[N, *shape]` (held for the run) or `[T, N, *shape]` (time first, as
            everywhere): numbers or booleans, in arrays of JAX, NumPy or any library whose arrays NumPy can read, on a disk
            (`np.memmap`), or *lazy*: an object with `shape`, `dtype` and `take(index)`, which gives an array of NumPy of
            the chosen samples, with the same axes.
        labels: in whatever NumPy can read, kept as an array of NumPy: class indices, integers `[N]`; the class of each
            step, integers `[T, N]`, -1 where it is not looked at; or targets to regress, real numbers `[N, ...]` or
            `[T, N, ...]`. `None` for samples without labels, which `spaic_jax.train.learn` can learn from.
        class_names: names of the classes; empty where numbers will do.
        lengths: how many steps each sample has, integers `[N]` from 1 to T; what comes after them is padding that is not
            looked at. `None` where all have all of them.
        sequences: names of the inputs whose first axis is time, and `"labels"` where it is that of targets; `None` lets the
            shapes tell, which they cannot where T is N, or where there is nothing to compare.

    Raises:
        ValueError: labels, lengths or names that cannot be such, or arrays of different numbers of samples. What depends on
            the network, such as shapes, is checked by `fit` and `evaluate`.

    Example:
        >>> data = Dataset({"image": np.zeros((3, 4), np.float32)}, np.array([0, 1, 0]))
        >>> len(data), len(data.take([0, 2]))
        (3, 2)
        >>> training, test = Dataset({"image": np.zeros((10, 4))}, [0, 1] * 5).split(0.2)
        >>> training.labels.tolist(), test.labels.tolist()
        ([0, 1, 0, 1, 0, 1, 0, 1], [0, 1])
    """

    inputs: Mapping[str, Any]
    labels: Any = None
    class_names: tuple[str, ...] = ()
    lengths: Any = None
    sequences: Collection[str] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.inputs, Mapping) or not self.inputs:
            raise ValueError(
                f"a Dataset needs its inputs as a mapping from encoder name to array, got {type(self.inputs).__name__}."
            )
        if self.labels is not None and LABELS in self.inputs:
            raise ValueError("an input called 'labels' cannot be told from the labels of a Dataset: name its encoder otherwise.")
        lists = {name: array_of(x, f"input '{name}'") for name, x in self.inputs.items() if isinstance(x, list | tuple)}
        object.__setattr__(self, "inputs", {**self.inputs, **lists})
        object.__setattr__(self, "class_names", tuple(self.class_names))
        if self.labels is not None:
            object.__setattr__(self, "labels", _labels(self.labels))
        if self.lengths is not None:
            object.__setattr__(self, "lengths", _lengths(self.lengths))
        if self.sequences is not None:
            object.__setattr__(self, "sequences", _names(self.sequences, (*self.inputs, LABELS)))
        self._check_counts()

    def __len__(self) -> int:
        counts = set.intersection(*self._counts.values())
        if len(counts) > 1:
            shapes = ", ".join(f"'{name}' {shape}" for name, shape in self._shapes.items())
            raise TypeError(
                f"how many samples this Dataset has cannot be told from its shapes, {shapes}: say which of them are"
                " [T, N, ...], as in sequences=('cue',), or sequences=() where none is."
            )
        return counts.pop()

    @functools.cached_property
    def axes(self) -> dict[str, int]:
        """The axis of the samples of each input, and of the labels, as `"labels"`: 1 behind a time axis, else 0.

        Raises:
            TypeError: where neither the shapes nor `sequences` tell.
        """
        count, axes = len(self), {}
        for name, shape in self._shapes.items():
            fitting = [axis for axis, size in enumerate(shape[:2]) if size == count]
            if len(fitting) > 1 and self.sequences is None:
                raise TypeError(
                    f"whether '{name}' {shape} of a Dataset of {count} samples is [N, ...] or [T, N, ...] cannot be told from"
                    f" its shape: say so, as in sequences=('{name}',), or sequences=() where none is."
                )
            axes[name] = int(name in (self.sequences or ())) if len(fitting) > 1 else fitting[0]
        return axes

    def take(self, index: Any) -> "Dataset":
        """Some of the samples, in their order; lazy arrays and those on a disk are not read for it.

        Args:
            index: their numbers, whole numbers `[n]` from 0 to N - 1.

        Raises:
            ValueError: numbers of no sample.
            TypeError: where the axis of the samples cannot be told.
        """
        rows, count = np.asarray(array_of(index, "the index of samples")), len(self)
        if rows.ndim != 1 or not rows.size or rows.dtype.kind not in "iu":
            raise ValueError(f"samples are taken by whole numbers of shape [n], not by {rows.dtype} of shape {rows.shape}.")
        if rows.min() < 0 or rows.max() >= count:
            raise ValueError(f"samples are numbered from 0 to {count - 1}, but {rows.min()} to {rows.max()} were asked for.")
        return dataclasses.replace(
            self,
            inputs={name: chosen(x, rows, self.axes[name]) for name, x in self.inputs.items()},
            labels=None if self.labels is None else taken(self.labels, rows, self.axes[LABELS]),
            lengths=None if self.lengths is None else self.lengths[rows],
            sequences=tuple(name for name, axis in self.axes.items() if axis),
        )

    def split(self, share: float, key: jax.Array | None = None) -> tuple["Dataset", "Dataset"]:
        """Two parts of the data: all but a share of it, and that share, to test or validate with.

        Without a key, each `1 / share`-th sample of each class goes to the second part, in their order, so that it depends
        on nothing; with one, as many of each are drawn. Samples without a class of their own are taken as of one class.

        Args:
            share: of the samples, between 0 and 1.
            key: random key.

        Raises:
            ValueError: a share that leaves a part without samples.
            TypeError: where the axis of the samples cannot be told.
        """
        part = Fraction(real(share, "the share of a split", above=0, below=1)).limit_denominator(10**6)
        count = len(self)
        order = np.arange(count) if key is None else np.asarray(jax.random.permutation(key, count))
        one_each = self.labels is not None and self.labels.dtype.kind in "iu" and self.labels.ndim == 1
        classes = self.labels if one_each else np.zeros(count, int)
        held_out = np.zeros(count, bool)
        for one in np.unique(classes):
            members = order[classes[order] == one]
            so_far = np.arange(len(members) + 1) * part.numerator // part.denominator
            held_out[members[np.diff(so_far) > 0]] = True
        if held_out.all() or not held_out.any():
            raise ValueError(f"a share of {share} of {count} samples leaves a part without any.")
        return self.take(np.flatnonzero(~held_out)), self.take(np.flatnonzero(held_out))

    @property
    def _shapes(self) -> dict[str, tuple[int, ...]]:
        """The shapes of the inputs, and of the labels."""
        arrays = self.inputs if self.labels is None else {**self.inputs, LABELS: self.labels}
        return {name: shape_of(x) for name, x in arrays.items()}

    @property
    def _counts(self) -> dict[str, set[int]]:
        """How many samples each array may have."""
        counts = {name: set(shape[:2]) for name, shape in self._shapes.items()}
        for name in self.inputs if self.sequences is not None else ():
            counts[name] = set(self._shapes[name][1:2] if name in (self.sequences or ()) else self._shapes[name][:1])
        if self.labels is not None and self.labels.dtype.kind in "iu":
            counts[LABELS] = {self.labels.shape[-1]}
        return counts if self.lengths is None else {**counts, "lengths": {len(self.lengths)}}

    def _check_counts(self) -> None:
        """ValueError unless some number of samples fits all arrays."""
        counts = self._counts
        if set.intersection(*counts.values()):
            return
        known = [name for name in ("lengths", LABELS) if len(counts.get(name, ())) == 1]
        count = next(iter(counts[known[0]])) if known else None
        for name, shape in reversed(self._shapes.items()):
            what = name if name == LABELS else f"input '{name}'"
            if count is not None and count not in counts[name]:
                raise ValueError(
                    f"{what} has shape {shape}, but needs [N={count}, ...] or [T, N={count}, ...], as there are {count}"
                    f" {known[0]}."
                )
        shapes = ", ".join(f"'{name}' {shape}" for name, shape in self._shapes.items())
        raise ValueError(f"no number of samples fits all arrays of the Dataset, [N, ...] or [T, N, ...]: {shapes}.")


def _labels(given: Any) -> np.ndarray:
    """Labels as an array of NumPy, which reads those of JAX, of tensors and of data frames."""
    labels = np.asarray(array_of(given, "labels"))
    regressed = jnp.issubdtype(labels.dtype, jnp.floating)
    if not (regressed or (labels.dtype.kind in "iu" and labels.ndim < 3)) or not labels.ndim or not labels.size:
        raise ValueError(
            f"the labels of a Dataset are {labels.dtype} of shape {labels.shape}, but need to be integers of shape [N], one class"
            " index a sample, or [T, N], one for each step; or real numbers [N, ...] or [T, N, ...] to regress."
        )
    if regressed and not np.isfinite(labels).all():
        place = [int(i) for i in np.argwhere(~np.isfinite(labels))[0]]
        raise ValueError(f"the labels of a Dataset are targets to regress, but {labels[tuple(place)]} is at {place}.")
    return labels


def _lengths(given: Any) -> np.ndarray:
    lengths = np.asarray(array_of(given, "lengths"))
    if lengths.ndim != 1 or lengths.dtype.kind not in "iu" or not len(lengths):
        raise ValueError(
            f"the lengths of a Dataset are {lengths.dtype} of shape {lengths.shape}, but need to be integers of shape [N], the"
            " steps of each sample."
        )
    if lengths.min() < 1:
        raise ValueError(f"lengths[{lengths.argmin()}] is {lengths.min()}, but a sample has at least one step.")
    return lengths


def _names(given: Collection[str], known: Collection[str]) -> tuple[str, ...]:
    if isinstance(given, str):
        raise ValueError(f"the sequences of a Dataset are a collection of names, such as ('{given}',), not the text '{given}'.")
    for name in given:
        if name not in known:
            raise ValueError(f"sequences: {unknown('input', name, known)}")
    return tuple(given)
