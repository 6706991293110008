"""Standard networks by name."""

import inspect
import typing
from collections.abc import Mapping
from typing import Any

from spaic_jax._errors import unknown
from spaic_jax.network import Network
from spaic_jax.standard import STANDARD
from spaic_jax.storage.text.arguments import kinds_of
from spaic_jax.storage.text.values import Values

#: The key that names one; the keys beside it are its settings.
KEY = "standard"


def standard_network(tables: Mapping[str, Any], values: Values) -> Network:
    """The standard network that tables name, with the settings beside the name.

    Raises:
        ValueError: an unknown name or setting, or a setting that is not fit.
    """
    settings = dict(tables)
    name = settings.pop(KEY)
    if not isinstance(name, str) or name not in STANDARD:
        raise ValueError(f"network.{KEY}: {unknown('standard network', name, STANDARD)}")
    make = STANDARD[name]
    known, hints = inspect.signature(make).parameters, typing.get_type_hints(make)
    for key in settings:
        if key not in known:
            raise ValueError(f"network.{key}: {unknown(f'setting of {name}', key, known)}")
    given = {
        key: values.value(value, kinds_of(hints[key]), f"network.{key}", known[key].default) for key, value in settings.items()
    }
    try:
        return make(**given)
    except (TypeError, ValueError) as error:
        raise ValueError(f"network: {error}") from error
