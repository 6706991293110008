"""Sentences for errors about names."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from spaic_jax._spellings import SPELLINGS


def _nearest(name: object, known: list[str]) -> str | None:
    """The known name most like ``name``, letter case aside, or None."""
    by_lower: dict[str, str] = {}
    for entry in known:
        by_lower.setdefault(entry.lower(), entry)
    close = difflib.get_close_matches(str(name).lower(), by_lower, n=1)
    return by_lower[close[0]] if close else None


def unknown(kind: str, name: object, known: Iterable[str]) -> str:
    """The message of the error for a name that no table row has, with the nearest right one, or what stands for SPAIC's.

    Args:
        kind: what the name should have named, such as ``"neuron model"``.
        name: what came; anything, since users also pass things that are no strings.
        known: every name that would have been right.

    >>> unknown("neuron model", "cliff", ["lif", "clif"])
    "unknown neuron model 'cliff': did you mean 'clif'? Known: clif, lif."
    >>> unknown("neuron model", "zzz", ["lif", "clif"])
    "unknown neuron model 'zzz'; known: clif, lif."
    >>> print(unknown("setting", "Isyn_bn", ["weight"]))
    unknown setting 'Isyn_bn': SPAIC's Isyn_bn is written syn_type=["basic", "isyn_bn"] here. Known: weight.
    """
    names = sorted(set(known))
    listing = ", ".join(names) if names else "none"
    written = SPELLINGS.get(str(name).lower())
    if written is not None:
        return f"unknown {kind} {name!r}: SPAIC's {name} is written {written} here. Known: {listing}."
    nearest = _nearest(name, names)
    if nearest is None:
        return f"unknown {kind} {name!r}; known: {listing}."
    return f"unknown {kind} {name!r}: did you mean {nearest!r}? Known: {listing}."
