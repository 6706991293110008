"""Arrays of NumPy, a file each."""

from pathlib import Path
from typing import Any

from spaic_jax.data.read.files import key_of, open_npy


def npy(path: Path) -> dict[str, Any]:
    """An npy file and those beside it, by their names; they stay on the disk, and what is needed of them is read.

    Raises:
        ValueError: a damaged file, or one with Python objects.
    """
    others = sorted(file for file in path.parent.glob("*.npy") if file != path)
    return {key_of(file): open_npy(file) for file in (path, *others)}
