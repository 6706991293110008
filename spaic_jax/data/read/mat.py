"""Files of MATLAB."""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np

from spaic_jax.data.read.files import damage

#: Types of stored numbers, and of the arrays that they become; an array may be stored as smaller numbers.
_STORED = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_ARRAYS = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8", 15: "u8"}
Order = Literal["<", ">"]
_ORDERS: dict[bytes, Order] = {b"IM": "<", b"MI": ">"}
_MATRIX, _COMPRESSED, _COMPLEX, _LOGICAL = 14, 15, 0x800, 0x200


def mat(path: Path) -> dict[str, Any]:
    """The real arrays of a MATLAB file of the versions 5 to 7; those of version 7.3 are HDF5, and named `.h5` are read as such.

    Raises:
        ValueError: a damaged file, or one without such arrays.
    """
    # SciPy's reader may end the process at a damaged file.
    with damage(path, "a MATLAB file of version 5 to 7"):
        contents = path.read_bytes()
        order = _ORDERS.get(contents[126:128])
        if order is None:
            raise ValueError("it does not begin as one")
        arrays: dict[str, Any] = {}
        for kind, data in _elements(contents[128:], order):
            if kind == _COMPRESSED:
                ((kind, data),) = _elements(zlib.decompress(data), order)
            if kind == _MATRIX and (named := _array(data, order)) is not None:
                arrays[named[0]] = named[1]
        if not arrays:
            raise ValueError("it has no arrays of real numbers")
    return arrays


def _elements(data: bytes, order: Order) -> Iterator[tuple[int, bytes]]:
    """Types and contents of the elements of some data."""
    place = 0
    while place + 8 <= len(data):
        kind, size = struct.unpack_from(f"{order}II", data, place)
        start = place + 8
        if kind >> 16:
            # Four bytes at most lie in the tag itself.
            kind, size, start = kind & 0xFFFF, kind >> 16, place + 4
        if start + size > len(data):
            raise ValueError(f"an element of {size} bytes ends after {len(data) - start}")
        yield kind, data[start : start + size]
        # Elements begin at multiples of eight, but for compressed ones.
        place = start + size if kind == _COMPRESSED else start + size + (-(start + size)) % 8


def _array(data: bytes, order: Order) -> tuple[str, np.ndarray] | None:
    """Name and values of an array of real numbers, or `None` for anything else."""
    parts = list(_elements(data, order))
    flags, shape, name, values = (part[1] for part in parts[:4]) if len(parts) > 3 else (b"",) * 4
    (flag,) = struct.unpack_from(f"{order}I", flags) if flags else (0,)
    dtype = _ARRAYS.get(flag & 0xFF)
    if dtype is None or flag & _COMPLEX:
        return None
    stored = np.frombuffer(values, np.dtype(_STORED[parts[3][0]]).newbyteorder(order))
    sizes = np.frombuffer(shape, f"{order}i4").tolist()
    return name.decode("ascii"), stored.astype(bool if flag & _LOGICAL else dtype).reshape(sizes, order="F")
