"""What readers of files share."""

import contextlib
import gzip
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

import numpy as np


@contextlib.contextmanager
def damage(path: Path, kind: str) -> Iterator[None]:
    """Whatever a parser says of a file's contents, as one sentence that names the file.

    >>> with damage(Path("a.npz"), "an npz file"):
    ...     raise EOFError("no more")
    Traceback (most recent call last):
        ...
    ValueError: 'a.npz' is no npz file, or damaged: no more.
    """
    try:
        yield
    except Exception as error:
        # Parsers raise whatever they like.
        if isinstance(error, FileNotFoundError | PermissionError | IsADirectoryError):
            raise
        text = " ".join(str(error).split()).rstrip(".") or type(error).__name__
        raise ValueError(f"'{path}' is no {kind.partition(' ')[2]}, or damaged: {text[:200]}.") from error


def open_binary(path: Path) -> IO[bytes]:
    """A file for reading, unpacked where its name ends in `.gz`."""
    return cast(IO[bytes], gzip.open(path) if path.suffix.lower() == ".gz" else open(path, "rb"))


def key_of(path: str | os.PathLike[str]) -> str:
    """What the array of a file is called.

    >>> key_of("data/train-images-idx3-ubyte.gz"), key_of("x_train.npy")
    ('train-images', 'x_train')
    """
    name = Path(path).name
    lower = name.lower()
    return name[: lower.index("-idx")] if "-idx" in lower else name.partition(".")[0]


def numbers(name: str, array: Any, path: Path) -> Any:
    """An array as it is; ValueError for Python objects, whatever they are."""
    if array.dtype.hasobject or array.dtype.names:
        raise ValueError(f"{name} of '{path}' is {array.dtype}, but arrays need to be of numbers, truth values or text.")
    return array


class Files:
    """Samples that lie in a file each, `[N, *shape]`, shorter ones padded with zeros; read when they are asked for."""

    def __init__(self, paths: list[Path]):
        # No more than one is open at a time: there may be thousands.
        found = [(array.shape, array.dtype) for array in map(open_npy, paths)]
        (first, self.dtype) = found[0]
        for file, (shape, dtype) in zip(paths, found, strict=True):
            if not shape:
                raise ValueError(f"'{file}' holds a single number, but needs a sample.")
            if (shape[1:], dtype) != (first[1:], self.dtype):
                raise ValueError(
                    f"'{file}' is {dtype} of shape {shape}, but '{paths[0]}' {self.dtype} of {first}: samples may differ in the"
                    " length of their first axis only."
                )
        self.paths = paths
        self.lengths = np.array([shape[0] for shape, _ in found])
        self.shape = (len(paths), int(self.lengths.max()), *first[1:])

    ndim = property(lambda self: len(self.shape))

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: Any) -> np.ndarray:
        chosen = np.arange(len(self))[index]
        out = np.zeros((len(chosen), *self.shape[1:]), self.dtype)
        for row, sample in zip(out, chosen, strict=True):
            array = open_npy(self.paths[sample])
            if (len(array), *array.shape[1:]) != (self.lengths[sample], *self.shape[2:]):
                raise ValueError(f"'{self.paths[sample]}' has changed since it was first read.")
            row[: len(array)] = array
        return out


def open_npy(path: Path) -> np.ndarray:
    """The array of one npy file, left on the disk."""
    with damage(path, "an npy file"):
        # NumPy cannot map what is empty.
        array = np.load(path, mmap_mode="r" if path.stat().st_size > 128 else None, allow_pickle=False)
    return cast(np.ndarray, numbers("the array", array, path))
