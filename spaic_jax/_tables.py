"""Looking up a name in the table of a family of classes."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from spaic_jax._errors import unknown


def resolve(family: str, table: Mapping[str, type[Any]], base: Any, value: object, settings: Mapping[str, Any]) -> Any:
    """The object of a name and its settings, or the object itself when one was given; `base` is its class.

    Names are matched without regard to case, as in SPAIC.

    Raises:
        ValueError: unknown name or setting, with the nearest right one; a setting that is missing; settings beside a
            finished object.
    """
    if isinstance(value, base):
        if settings:
            given = ", ".join(sorted(settings))
            raise ValueError(f"{given} came beside a finished {type(value).__name__}: give it to the {family} itself.")
        return value
    kind = table.get(value.lower()) if isinstance(value, str) else None
    if kind is None:
        raise ValueError(unknown(family, value, table))
    fields = [field for field in dataclasses.fields(kind) if field.init]
    known = [field.name for field in fields]
    for name in settings:
        if name not in known:
            raise ValueError(unknown(f"setting of {family} '{value}'", name, known))
    free = (dataclasses.MISSING, dataclasses.MISSING)
    if missing := [f.name for f in fields if (f.default, f.default_factory) == free and f.name not in settings]:
        raise ValueError(f"{family} '{value}' needs {' and '.join(missing)}.")
    return kind(**settings)
