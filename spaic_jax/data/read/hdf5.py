"""HDF5, of arrays or of events."""

from pathlib import Path
from typing import Any

import numpy as np

from spaic_jax._extras import import_extra
from spaic_jax.data.events import microseconds
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
    with damage(path, "an HDF5 file"), h5py.File(path, "r") as file:
        found: dict[str, Any] = {}
        file.visititems(lambda name, item: found.update({name: item}) if isinstance(item, h5py.Dataset) else None)
        if {"spikes/times", "spikes/units"} <= found.keys():
            arrays |= _events(found.pop("spikes/times")[()], found.pop("spikes/units")[()])
        for name, item in found.items():
            text = h5py.check_string_dtype(item.dtype)
            arrays[name] = np.asarray(item.asstr()[()], np.str_) if text else np.asarray(item[()])
    return {name: numbers(name, array, path) for name, array in arrays.items()}


def _events(times: np.ndarray, units: np.ndarray) -> dict[str, np.ndarray]:
    """Events of all samples, sorted."""
    if not len(times) or [len(t) for t in times] != [len(u) for u in units]:
        raise ValueError("spikes/times and spikes/units need as many numbers for each sample")
    micro = [microseconds(t, 1e6, "spikes/times") for t in times]
    orders = [np.argsort(t, kind="stable") for t in micro]
    return {
        "time": np.concatenate([t[order] for t, order in zip(micro, orders, strict=True)]),
        "address": np.concatenate([np.asarray(u)[order] for u, order in zip(units, orders, strict=True)]),
        "offset": np.cumsum([0, *map(len, micro)]),
    }
