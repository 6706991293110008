"""What a table of a configuration gives to the function that it names."""

import fnmatch
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from spaic_jax._errors import unknown


def named(table: Mapping[str, Any] | str) -> tuple[str, dict[str, Any]]:
    """The name in a table, and the settings beside it; a name alone has none.

    >>> named("cosine"), named({"name": "step", "every": 5})
    (('cosine', {}), ('step', {'every': 5}))
    """
    if isinstance(table, str):
        return table, {}
    return table["name"], {key: value for key, value in table.items() if key != "name"}


def check_settings(name: str, function: Callable[..., Any], given: Mapping[str, Any], apart: Sequence[str] = ()) -> None:
    """Check settings against the keyword-only arguments of a function, but for those that are no settings, `apart`.

    Raises:
        ValueError: an unknown or a missing one.

    >>> def loss(output, labels, *, scale): ...
    >>> check_settings("loss", loss, {})
    Traceback (most recent call last):
        ...
    ValueError: scale is missing: loss needs it.
    """
    parameters = inspect.signature(function).parameters
    known = {key: each.default for key, each in parameters.items() if each.kind is each.KEYWORD_ONLY and key not in apart}
    for key in given:
        if key not in known:
            raise ValueError(f"{key}: {unknown(f'setting of {name}', key, known)}")
    if missing := [key for key, default in known.items() if default is inspect.Parameter.empty and key not in given]:
        raise ValueError(f"{missing[0]} is missing: {name} needs it.")


def matching(patterns: str | Sequence[str], names: Iterable[str], key: str) -> set[str]:
    """The parameters whose names match one of some patterns.

    Args:
        patterns: such as `"hidden.*"` or `["*.weight", "*.bias"]`; `*` stands for anything.
        names: the names of all parameters.
        key: where the patterns stand, the start of an error's sentence.

    Raises:
        ValueError: a pattern that is no text, or that matches nothing.

    >>> sorted(matching(["a.*", "*.bias"], ["a.weight", "b.weight", "b.bias"], "frozen"))
    ['a.weight', 'b.bias']
    """
    listed = [patterns] if isinstance(patterns, str) else patterns
    if not isinstance(listed, list | tuple) or not listed:
        raise ValueError(f"{key}: names of parameters such as '*.weight' are needed, not {patterns!r}.")
    found: set[str] = set()
    for pattern in listed:
        matched = {name for name in names if isinstance(pattern, str) and fnmatch.fnmatchcase(name, pattern)}
        if not matched:
            raise ValueError(f"{key}: no parameter is called {pattern!r}; there are {', '.join(sorted(names)) or 'none'}.")
        found |= matched
    return found
