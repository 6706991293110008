"""Data of a user's own, from a file or a folder."""

import os
from collections.abc import Mapping, Sequence
from typing import cast

from spaic_jax._numbers import real
from spaic_jax.data.arrays import Asked, Kind, classes_of, load
from spaic_jax.data.dataset import Dataset
from spaic_jax.data.names import find, find_test
from spaic_jax.data.read import read


def own(
    input: str,
    shape: tuple[int, ...],
    *,
    path: str | os.PathLike[str],
    x: str | list[str] | None = None,
    y: str | None = None,
    test: float | str | Mapping[str, str] | None = None,
    axes: str | None = None,
    scale: float | None = None,
    kind: Kind | None = None,
    lengths: str | None = None,
    sensor: Sequence[int] | None = None,
    steps: int | None = None,
    bin: float | None = None,
) -> tuple[Dataset, Dataset]:
    """Training and test data from a file or a folder: npz, npy, CSV, HDF5, MATLAB, ts, files of MNIST, folders of arrays.

    What stays on the disk (npy, folders of npy) is read as it is needed, so that it may be larger than memory.

    Events are those of an HDF5 file with `spikes/times` and `spikes/units`, or arrays `time` (or `t`, `t_us`), µs, `offset`
    (recording i has the events `offset[i]:offset[i + 1]`) and `address`, flat, or `x`, or `p` (or `polarity`), `y` and `x`.
    They become spikes of `steps` steps.

    Args:
        input: name of the encoder that takes the samples.
        shape: its shape; samples may have any shape of as many numbers.
        path: file or folder.
        x: name of the array of samples, or of the columns of a table that are; by default the one with a usual name, such as
            `x`, `x_train`, `data` or `images`, and all columns but those of `y` and `lengths`.
        y: name of their labels; by default the one that goes with `x`, or has a usual name.
        test: a share, such as 0.2, which is held out evenly of each class in the order of the file; another file or folder; or
            `x` and `y` of other arrays of this file. By default arrays named as `x` and `y` with `test`, or a share of 0.2.
        axes: of `x`, a letter each: `N` samples, `T` time, others those of a sample, such as `"NTC"` or `"TNC"`; N and, where
            there is one axis more than the encoder has, T come first by default.
        scale: the value of the samples that becomes 1, such as 255 for bytes.
        kind: what `y` holds: `"labels"`, one for each sample, whole numbers or names; `"steps"`, whole numbers for each step,
            in the order of axes of `x`, -1 where there is none; `"targets"`, any numbers. By default what it looks like.
        lengths: name of the steps of each sample, the rest being padding; by default an array `lengths` where there is one.
        sensor: of events, the shape of what was recorded, such as `(2, 34, 34)`, or an array `shape`; that of the encoder by
            default, which else has as many neurons, or sizes that divide these.
        steps: of events, how many steps they become.
        bin: of events, ms of a step; `None` for steps of as many events each.

    Returns:
        Training data and test data.

    Raises:
        OSError: no such file.
        ValueError: one sentence that names the file and what in it does not fit.
        ImportError: a package that is needed is not installed.

    Example:
        >>> import tempfile
        >>> import numpy as np
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     np.savez(f"{folder}/two.npz", x=np.eye(10, dtype=np.float32), y=["cat", "dog"] * 5)
        ...     training, test = own("eye", (10,), path=f"{folder}/two.npz")
        >>> training.inputs["eye"].shape, len(test), training.class_names
        ((8, 10), 2, ('cat', 'dog'))
    """
    if scale is not None:
        real(scale, "scale", above=0)
    asked = Asked(tuple(shape), axes, scale, kind, None if sensor is None else tuple(sensor), steps, bin)
    arrays = read(path)
    names = find(path, arrays, x, y, lengths)
    training = load(path, arrays, names, asked)
    if isinstance(test, str | os.PathLike):
        there = read(test)
        same = x if isinstance(x, list) or x in there else None
        names = find(test, there, same, *(name if name in there else None for name in (y, lengths)))
        tested = load(test, there, names, asked)
    elif names_of_test := find_test(path, arrays, names, test):
        tested = load(path, arrays, names_of_test, asked)
    else:
        data = training.dataset(input, classes_of(training))
        try:
            return data.split(0.2 if test is None else cast(float, test))
        except ValueError as error:
            raise ValueError(f"'{path}': test: {error}") from error
    if training.kind != tested.kind:
        raise ValueError(f"'{path}': training data have {training.kind}, but those to test {tested.kind}: say kind.")
    classes = classes_of(training, tested)
    return training.dataset(input, classes), tested.dataset(input, classes)
