"""HDF5, of arrays or of events."""

from pathlib import Path
from typing import Any

import numpy as np

from spaic_jax._extras import import_extra
from spaic_jax.data.read.files import damage, numbers


def hdf5(path: Path) -> dict[str, Any]:
    """The arrays of an HDF5 file by their names, groups before a slash; events as those of the Heidelberg data are joined.

    Events lie in `spikes/times`, seconds, and `spikes/units`, one list each for a sample. They come as `time`, µs, `address`
    and `offset`: recording i has the events `offset[i]:offset[i + 1]`.

    Raises:
        ValueError: a damaged file.
        ImportError: when h5py is not installed.
    """
    h5py = import_extra("h5py", f"'{path}'")
    arrays: dict[str, Any] = {}
    try:
        with damage(path, "an HDF5 file"), h5py.File(path, "r") as file:
            found: dict[str, Any] = {}
            file.visititems(lambda name, item: found.update({name: item}) if isinstance(item, h5py.Dataset) else None)
            if {"spikes/times", "spikes/units"} <= found.keys():
                arrays |= _events(found.pop("spikes/times")[()], found.pop("spikes/units")[()])
            for name, item in found.items():
                value = item.asstr()[()] if h5py.check_string_dtype(item.dtype) else item[()]
                arrays[name] = np.asarray(value, np.str_) if h5py.check_string_dtype(item.dtype) else np.asarray(value)
    except OSError as error:
        # h5py says so of files of another kind too.
        raise ValueError(f"'{path}' is no HDF5 file, or damaged: {' '.join(str(error).split())}.") from error
    return {name: numbers(name, array, path) for name, array in arrays.items()}


def _events(times: np.ndarray, units: np.ndarray) -> dict[str, np.ndarray]:
    counts = np.array([len(t) for t in times])
    if not len(counts) or (counts != [len(u) for u in units]).any():
        raise ValueError("spikes/times and spikes/units need as many numbers for each sample")
    # In double precision: there are times of half precision, which have no microseconds.
    time = np.concatenate([np.asarray(t, np.float64) for t in times])
    if not ((time >= 0) & (time < 1e9)).all():
        raise ValueError("spikes/times need to be seconds from 0 on")
    time = np.rint(time * 1e6).astype(np.int64)
    order = np.lexsort((time, np.repeat(np.arange(len(counts)), counts)))
    address = np.concatenate([np.asarray(u) for u in units])
    return {"time": time[order], "address": address[order], "offset": np.concatenate([[0], np.cumsum(counts)])}
