"""Files of MATLAB."""

from pathlib import Path
from typing import Any

from spaic_jax._extras import import_extra
from spaic_jax.data.read.files import damage, numbers


def mat(path: Path) -> dict[str, Any]:
    """The arrays of a MATLAB file up to version 7.2; those of 7.3 are HDF5, and need their names to end in `.h5`.

    Raises:
        ValueError: a damaged file.
        ImportError: when SciPy is not installed.
    """
    scipy = import_extra("scipy.io", f"'{path}'")
    with damage(path, "a MATLAB file"):
        try:
            arrays = scipy.loadmat(path)
        except scipy.matlab.MatReadError as error:
            raise ValueError(str(error)) from error
    return {name: numbers(name, array, path) for name, array in arrays.items() if not name.startswith("__")}
