"""Which arrays of a file are samples, labels and lengths."""

import dataclasses
import re
from collections.abc import Iterable, Mapping
from typing import Any

from spaic_jax._errors import unknown
from spaic_jax.data.read.files import key_of

#: How samples and labels are usually called, in small letters alone.
_USUAL = {
    "x": ("x", "xtrain", "trainx", "data", "inputs", "images", "trainimages", "samples", "features"),
    "y": ("y", "ytrain", "trainy", "labels", "label", "trainlabels", "targets", "target", "classes", "class"),
}
#: What in the name of samples becomes what in that of their labels, and in those of what is to be tested.
_PARTNERS = (("x", "y"), ("X", "y"), ("X", "Y"), ("images", "labels"), ("data", "labels"), ("inputs", "targets"))
_TESTS = (("train", "test"), ("train", "t10k"), ("$", "_test"))
#: What says that a file holds events.
OFFSET = ("offset", "offsets")


@dataclasses.dataclass(frozen=True)
class Names:
    """Which arrays are samples (none where they are events), labels and lengths."""

    x: str | list[str] | None
    y: str
    lengths: str | None


def find(path: Any, arrays: Mapping[str, Any], x: str | list[str] | None, y: str | None, lengths: str | None) -> Names:
    """The arrays of what is trained on, by their names or by usual ones."""
    for key, given in (("x", x), ("y", y), ("lengths", lengths)):
        for name in given if isinstance(given, list) else [given]:
            if name is not None and name not in arrays:
                raise ValueError(f"'{path}': {key}: {unknown('array', name, arrays)}")
    lengths = lengths or named(arrays, ("lengths", "lengths_train"))
    if named(arrays, OFFSET):
        labels = {name: array for name, array in arrays.items() if name not in ("x", "y")}
        return Names(None, y or _usual(path, labels, "y"), lengths)
    if x is None and all(array.ndim == 1 for array in arrays.values()):
        y = y or _usual(path, arrays, "y")
        return Names([name for name in arrays if name not in (y, lengths)], y, lengths)
    if x is None:
        x = key_of(path) if key_of(path) in arrays else _usual(path, arrays, "x")
    partners = () if isinstance(x, list) else (name for pair in _PARTNERS if (name := x.replace(*pair, 1)) != x)
    return Names(x, y or named(arrays, partners) or _usual(path, arrays, "y"), lengths)


def find_test(path: Any, arrays: Mapping[str, Any], names: Names, test: float | Mapping[str, str] | None) -> Names | None:
    """The arrays of what is to be tested, where they lie beside the others."""
    if isinstance(test, Mapping):
        if not {"x", "y"} <= test.keys() <= {"x", "y", "lengths"}:
            raise ValueError('test: a share, a path, or the names of arrays, { x = "...", y = "..." }, are needed.')
        return find(path, arrays, test["x"], test["y"], test.get("lengths"))
    if test is not None or not isinstance(names.x, str):
        return None
    for pair in _TESTS:
        x, y = (re.sub(*pair, name, count=1) for name in (names.x, names.y))
        if x != names.x and x in arrays and y in arrays:
            lengths = re.sub(*pair, names.lengths or "", count=1)
            return Names(x, y, lengths if lengths in arrays and lengths != names.lengths else None)
    return None


def _usual(path: Any, arrays: Mapping[str, Any], key: str) -> str:
    found = [name for name in arrays if re.sub("[^a-z]", "", name.lower()) in _USUAL[key]]
    if len(found) != 1:
        listed = ", ".join(f"{name} {list(array.shape)}" for name, array in list(arrays.items())[:20]) or "none"
        raise ValueError(f"'{path}': {key} is missing: name one of its arrays, which are {listed}.")
    return found[0]


def named(arrays: Mapping[str, Any], names: Iterable[str]) -> str | None:
    """The first of some names that an array has."""
    return next((name for name in names if name in arrays), None)


