"""Optional packages, imported where they are used."""

import importlib
from typing import Any


def import_extra(module: str, purpose: str, extra: str = "cli") -> Any:
    """A module of an optional dependency.

    Args:
        module: what to import, such as `"safetensors.numpy"`.
        purpose: what it is needed for, the start of the error's sentence.
        extra: the extra of this package that installs it.

    Raises:
        ImportError: one sentence that names the package and the extra.

    >>> import_extra("json", "reading configurations").loads("1")
    1
    >>> import_extra("no_such_module", "flying")
    Traceback (most recent call last):
        ...
    ImportError: flying needs the package no_such_module: pip install "spaic_jax[cli]".
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise ImportError(f'{purpose} needs the package {package}: pip install "spaic_jax[{extra}]".') from error
