"""Traces recorded from SPAIC; arrays time first, inputs `x` as `[batch, T, pre]`, weights `(post, pre)`."""

import pathlib

import numpy as np

_FILE = pathlib.Path(__file__).parent / "data" / "spaic.npz"


def golden(prefix: str) -> dict[str, np.ndarray]:
    """The arrays of a group, by the rest of their names."""
    with np.load(_FILE) as arrays:
        return {name.removeprefix(f"{prefix}/"): arrays[name] for name in arrays.files if name.startswith(f"{prefix}/")}
