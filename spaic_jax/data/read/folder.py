"""Folders of arrays."""

from pathlib import Path
from typing import Any

import numpy as np

from spaic_jax.data.read.files import Files
from spaic_jax.data.read.idx import idx
from spaic_jax.data.read.npy import npy


def folder(path: Path) -> dict[str, Any]:
    """The arrays of a folder: files `x.npy`, `y.npy`, ..., those of MNIST, or `<class>/<sample>.npy`, one sample a file.

    Samples of a class each may differ in the length of their first axis: they come as `x`, padded with zeros, `y`, the names
    of the classes, and `lengths`. Folders `train` and `test` have each their own: `x_train`, `y_train`, `x_test`, ...

    Raises:
        ValueError: a folder with nothing of the kind, or with a damaged file.
    """
    for ending, reader in (("*.npy", npy), ("*ubyte", idx), ("*ubyte.gz", idx)):
        if files := sorted(path.glob(ending)):
            return reader(files[0])
    folders = sorted(item for item in path.iterdir() if item.is_dir() and not item.name.startswith("."))
    parts = {item.name.lower(): item for item in folders}
    if parts.keys() == {"train", "test"}:
        return {f"{name}_{part}": array for part in ("train", "test") for name, array in folder(parts[part]).items()}
    files = [file for item in folders for file in sorted(item.glob("*.npy"))]
    if not files:
        raise ValueError(
            f"'{path}' holds no data: npy files, those of MNIST, folders train and test, or a folder of npy files for each"
            " class are needed."
        )
    samples = Files(files)
    arrays: dict[str, Any] = {"x": samples, "y": np.array([file.parent.name for file in files])}
    return arrays if len(set(samples.lengths)) == 1 else arrays | {"lengths": samples.lengths}
