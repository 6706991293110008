"""Files of NIR that are whole or not there at all."""

import os
from typing import Any

from spaic_jax._extras import import_extra
from spaic_jax._files import write_whole


def write(path: str | os.PathLike[str], graph: Any) -> None:
    """Write a graph, or data, to a file of HDF5: under a temporary name in the same folder, which is then renamed.

    Args:
        path: the file, usually `*.nir`.
        graph: an `nir.NIRGraph`, or an `nir.NIRGraphData`.

    Raises:
        TypeError: anything else.
        OSError: when it cannot be written; an old file is then as it was.
        ImportError: when nir is not installed.

    Example:
        >>> import nir, numpy as np, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write(f"{folder}/a.nir", nir.NIRGraph.from_list(nir.Linear(weight=np.ones((3, 2)))))
        ...     nir.read(f"{folder}/a.nir").nodes["linear"].weight.shape
        (3, 2)
    """
    nir = import_extra("nir", "writing a file of NIR")
    if isinstance(graph, nir.NIRGraphData):
        write_whole(path, lambda file: _write_data(file, graph))
    elif isinstance(graph, nir.NIRGraph):
        write_whole(path, lambda file: nir.write(file, graph))
    else:
        raise TypeError(f"write takes an nir.NIRGraph or an nir.NIRGraphData, not {type(graph).__name__}.")


def _write_data(file: Any, data: Any) -> None:
    """As `nir.write_data`, which never ends where data lie in data."""
    h5py = import_extra("h5py", "writing data of NIR")

    def observable(group: Any, seen: Any) -> None:
        group.attrs["__type__"] = type(seen).__name__
        names = ("data",) if hasattr(seen, "data") else ("idx", "time", "value") if hasattr(seen, "value") else ("idx", "time")
        for name in names:
            group.create_dataset(name, data=getattr(seen, name), compression="gzip")
        for name in ("dt", "n_neurons", "t_max"):
            if name in vars(seen):
                group.attrs[name] = getattr(seen, name)

    def put(group: Any, node: Any) -> None:
        group.attrs["__type__"] = type(node).__name__
        inside = group.create_group("nodes" if hasattr(node, "nodes") else "observables")
        for name, each in (node.nodes if hasattr(node, "nodes") else node.observables).items():
            (put if hasattr(node, "nodes") else observable)(inside.create_group(name), each)

    with h5py.File(file, "w") as root:
        put(root, data)
