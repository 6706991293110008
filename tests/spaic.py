"""Traces recorded from SPAIC; arrays time first, inputs `x` as `[batch, T, pre]`, weights `(post, pre)`."""

import pathlib

import numpy as np

_FILES = sorted((pathlib.Path(__file__).parent / "data").glob("spaic*.npz"))


def golden(prefix: str) -> dict[str, np.ndarray]:
    """The arrays of a group, by the rest of their names."""
    found: dict[str, np.ndarray] = {}
    for file in _FILES:
        with np.load(file) as arrays:
            found |= {name.removeprefix(f"{prefix}/"): arrays[name] for name in arrays.files if name.startswith(f"{prefix}/")}
    return found
