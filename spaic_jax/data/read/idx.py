"""The files of MNIST."""

import math
import struct
from pathlib import Path
from typing import Any

import numpy as np

from spaic_jax.data.read.files import damage, key_of, open_binary

_TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}


def idx(path: Path) -> dict[str, Any]:
    """An idx file and those beside it, such as `train-images-idx3-ubyte.gz`, by their names up to `-idx`.

    Raises:
        ValueError: a damaged file.
    """
    others = sorted({file for ending in ("*ubyte", "*ubyte.gz") for file in path.parent.glob(ending)} - {path})
    arrays: dict[str, Any] = {}
    for file in (path, *others):
        if (name := key_of(file)) not in arrays:
            arrays[name] = read_idx(file)
    return arrays


def read_idx(path: Path) -> np.ndarray:
    """The array of one idx file.

    Raises:
        ValueError: a damaged file.
    """
    with damage(path, "an idx file"), open_binary(path) as file:
        zeros, kind, axes = struct.unpack(">HBB", file.read(4))
        if zeros or kind not in _TYPES:
            raise ValueError("it does not begin as one")
        shape = struct.unpack(f">{axes}I", file.read(4 * axes))
        dtype = np.dtype(_TYPES[kind])
        # Read to the end, which checks the sum of a gz file too.
        contents = file.read()
        if len(contents) != math.prod(shape) * dtype.itemsize:
            raise ValueError(f"it says {shape}, but has {len(contents)} bytes")
        return np.frombuffer(contents, dtype).reshape(shape).astype(dtype.newbyteorder("="))
