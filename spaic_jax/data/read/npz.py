"""NumPy's archives of arrays."""

from pathlib import Path
from typing import Any

import numpy as np

from spaic_jax.data.read.files import damage, numbers


def npz(path: Path) -> dict[str, Any]:
    """The arrays of an npz file.

    Raises:
        ValueError: a damaged file, or one with Python objects.
    """
    with damage(path, "an npz file"), open(path, "rb") as file:
        if file.read(2) != b"PK":
            raise ValueError("it does not begin as one")
        file.seek(0)
        with np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    return {name: numbers(name, array, path) for name, array in arrays.items()}
