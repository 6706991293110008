"""From a file, or a graph of the package nir, to nested dictionaries of what it says, unchecked."""

import dataclasses
import os
from pathlib import Path
from typing import Any

from spaic_jax._extras import import_extra

#: What one node says: its `"type"`, its fields, and of a graph its `"nodes"` by name and `"edges"`.
Raw = dict[str, Any]


def of_file(path: str | os.PathLike[str]) -> tuple[Raw, str | None]:
    """What a file of HDF5 says, and the version of NIR that wrote it.

    Raises:
        ValueError: a file that is not whole, or holds something else.
        OSError: when there is no such file.
        ImportError: when h5py is not installed.
    """
    h5py = import_extra("h5py", "reading a file of NIR")
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path}: there is no such file.")

    def said(group: Any) -> Raw:
        # By name, so that links that lead nowhere are seen.
        return {name: said(group[name]) if isinstance(group[name], h5py.Group) else group[name][()] for name in group}

    try:
        with h5py.File(path, "r") as file:
            contents = said(file)
    except (OSError, KeyError, RuntimeError, ValueError) as error:
        raise ValueError(f"this is no whole file of HDF5: {' '.join(str(error).split())}.") from None
    if not isinstance(contents.get("node"), dict):
        raise ValueError("it holds no graph of NIR: there is no group 'node'.")
    version = contents.get("version")
    return contents["node"], version.decode("utf8", "replace") if isinstance(version, bytes) else None


def of_object(node: Any) -> Raw:
    """What a node of the package nir says; a graph with all that is in it."""
    kind = type(node).__name__
    if kind == "NIRGraph":
        nodes = {name: of_object(inner) for name, inner in node.nodes.items()}
        return {"type": kind, "nodes": nodes, "edges": node.edges, "metadata": dict(node.metadata or {})}
    fields = {f.name: getattr(node, f.name, None) for f in dataclasses.fields(node)} if dataclasses.is_dataclass(node) else {}
    raw: Raw = {"type": kind, **{name: value for name, value in fields.items() if name not in ("input_type", "output_type")}}
    for shown, types, side, kinds in (
        ("shape", "input_type", "input", ("Input",)),
        ("shape", "output_type", "output", ("Output",)),
        ("input_type", "input_type", "input", ("Flatten",)),
    ):
        if kind in kinds:
            raw[shown] = (getattr(node, types, None) or {}).get(side)
    return raw
