"""Optional packages, imported where they are used."""

import importlib
from typing import Any

#: The extra of this package that installs each optional one: extras are named for what they are good for.
EXTRAS = {
    "aeon": "aeon",
    "h5py": "hdf5",
    "matplotlib": "plot",
    "mlxtend": "data",
    "neo": "neo",
    "nir": "nir",
    "pdoc": "docs",
    "pydantic": "cli",
    "rich": "progress",
    "safetensors": "files",
    "shtab": "cli",
    "sklearn": "data",
    "tensorboardX": "tensorboard",
    "tomli_w": "files",
    "tonic": "tonic",
}


def import_extra(module: str, purpose: str) -> Any:
    """A module of an optional dependency, one of `EXTRAS`.

    Args:
        module: what to import, such as `"safetensors.numpy"`.
        purpose: what it is needed for, the start of the error's sentence.

    Raises:
        ImportError: one sentence that names the package and the extra.

    >>> import sys
    >>> from unittest.mock import patch
    >>> with patch.dict(sys.modules, {"pdoc": None}):  # as if it were not installed
    ...     import_extra("pdoc", "a site")
    Traceback (most recent call last):
        ...
    ImportError: a site needs the package pdoc: pip install "spaic_jax[docs]".
    """
    package = module.partition(".")[0]
    extra = EXTRAS[package]
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(f'{purpose} needs the package {package}: pip install "spaic_jax[{extra}]".') from error
