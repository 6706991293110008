"""Readers of data files: named arrays of a file or of a folder.

None of them runs what is in a file: arrays of Python objects are refused, and nothing is unpickled.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from spaic_jax._errors import unknown
from spaic_jax.data.read.csv import csv
from spaic_jax.data.read.folder import folder
from spaic_jax.data.read.hdf5 import hdf5
from spaic_jax.data.read.idx import idx
from spaic_jax.data.read.mat import mat
from spaic_jax.data.read.npy import npy
from spaic_jax.data.read.npz import npz
from spaic_jax.data.read.ts import ts

#: Readers by how a file's name ends, `.gz` aside: `path -> arrays by name`.
READERS: dict[str, Callable[[Path], dict[str, Any]]] = {
    ".npz": npz,
    ".npy": npy,
    ".csv": csv,
    ".tsv": csv,
    ".h5": hdf5,
    ".hdf5": hdf5,
    ".mat": mat,
    ".ts": ts,
    "ubyte": idx,
    "folder": folder,
}


def read(path: str | os.PathLike[str]) -> Mapping[str, Any]:
    """The named arrays of a file or of a folder.

    Args:
        path: its name says what it is.

    Raises:
        OSError: there is no such file, or it cannot be read.
        ValueError: a file of another kind, or a damaged one.
        ImportError: a package that is needed is not installed.
    """
    path = Path(path)
    if path.is_dir():
        return folder(path)
    name = path.name.lower().removesuffix(".gz")
    for ending, reader in READERS.items():
        if name.endswith(ending):
            path.stat()  # The error of a missing file names it.
            return reader(path)
    raise ValueError(f"'{path}': {unknown('kind of file', path.suffix, READERS)}")


__all__ = ["READERS", "csv", "folder", "hdf5", "idx", "mat", "npy", "npz", "read", "ts"]
