"""What is swept: every combination of the values of some keys of a configuration."""

import dataclasses
import hashlib
import itertools
import json
import re
from collections.abc import Sequence
from typing import Any

from spaic_jax.cli.config import read_change
from spaic_jax.cli.errors import UserError

#: Characters of a value in the name of a folder.
_LONGEST = 40


@dataclasses.dataclass(frozen=True)
class Point:
    """One combination.

    Attributes:
        values: the value of each key.
        changes: the same, as of `--set`.
        name: of its folder.
    """

    values: dict[str, Any]
    changes: tuple[str, ...]
    name: str

    @property
    def words(self) -> str:
        """The combination as text."""
        return ", ".join(f"{key}={text(value)}" for key, value in self.values.items())


#: Each key with its values, and the text that each was read from.
Over = dict[str, list[tuple[Any, str]]]


def read_over(over: Sequence[str], changes: Sequence[str] = ()) -> Over:
    """The values of each key.

    Args:
        over: a key and its values each, `"key=a,b,c"`; a value is read as TOML, else taken as a string.
        changes: `key=value` pairs that hold for all of them.

    Raises:
        UserError: no key or no value, a bracket or quote that is not closed, a key or a value that is there twice.

    >>> read_over(["a.b=[1, 2],x"])
    {'a.b': [([1, 2], '[1, 2]'), ('x', 'x')]}
    """
    read = [_values(each) for each in over]
    keys, others = [key for key, _ in read], [read_change(change)[0] for change in changes]
    for number, key in enumerate(keys):
        # A table, and something in it, count as one.
        for other in [*keys[:number], *keys[number + 1 :], *others]:
            if f"{other}.".startswith(f"{key}."):
                raise UserError(f"--over {key}: " + ("it is there twice." if key == other else f"{other} is there too."))
    return dict(read)


def combinations(over: Over) -> list[Point]:
    """All combinations, the last key changing fastest.

    >>> [point.name for point in combinations(read_over(["simulation.dt=1.0,0.5", "network.groups.hidden.reset=soft"]))]
    ['dt=1.0,reset=soft', 'dt=0.5,reset=soft']
    """
    shown = short([*over])
    points = []
    for chosen in itertools.product(*over.values()):
        values = {key: value for key, (value, _) in zip(over, chosen, strict=True)}
        changes = tuple(f"{key}={word}" for key, (_, word) in zip(over, chosen, strict=True))
        points.append(Point(values, changes, ",".join(f"{shown[key]}={_clean(text(value))}" for key, value in values.items())))
    return points


def short(keys: Sequence[str]) -> dict[str, str]:
    """The last part of each key, or all of it where another one ends alike.

    >>> short(["network.groups.a.tau_m", "network.groups.b.tau_m", "simulation.dt"])
    {'network.groups.a.tau_m': 'network.groups.a.tau_m', 'network.groups.b.tau_m': 'network.groups.b.tau_m', 'simulation.dt': 'dt'}
    """
    last = [key.rpartition(".")[2] for key in keys]
    return {key: name if last.count(name) == 1 else key for key, name in zip(keys, last, strict=True)}


def text(value: Any) -> str:
    """A value as it is shown."""
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _values(over: str) -> tuple[str, list[tuple[Any, str]]]:
    """A key, and each of its values with the text that it was read from."""
    key, _, given = over.partition("=")
    words = _words(given, over)
    read = [read_change(f"{key}={word}", "--over") for word in words]
    seen: list[Any] = []
    for word, (name, value) in zip(words, read, strict=True):
        if not word:
            raise UserError(f"--over {over}: values with commas between are needed, such as training.epochs=3,10.")
        if any(value == other and isinstance(value, bool) == isinstance(other, bool) for other in seen):
            raise UserError(f"--over {over}: {name} is {text(value)} twice.")
        seen.append(value)
    # Through JSON and back, so that they can be compared with what a folder holds.
    return read[0][0], [(json.loads(json.dumps(value, default=str)), word) for word, (_, value) in zip(words, read, strict=True)]


def _words(given: str, over: str) -> list[str]:
    """What commas part that are in no quotes and no brackets."""
    words: list[str] = []
    word, opened, quote = "", 0, ""
    for place, letter in enumerate(given):
        if quote:
            # Within double quotes, a backslash says that the next one is none.
            if letter == quote and not (quote == '"' and re.search(r"(?<!\\)(\\\\)*\\$", given[:place])):
                quote = ""
        elif letter in "\"'":
            quote = letter
        else:
            opened += (letter in "[{") - (letter in "]}")
        if letter == "," and not quote and not opened:
            words, word = [*words, word], ""
        else:
            word += letter
    if quote or opened:
        raise UserError(f"--over {over}: a quote or a bracket is not closed.")
    return [each.strip() for each in [*words, word]]


def _clean(word: str) -> str:
    """A value as a part of a file's name; where it holds what none may, or too much, with a sum of it."""
    clean = re.sub(r"[^A-Za-z0-9_.+-]+", "-", word)[:_LONGEST].strip("-")
    return clean if clean == word else f"{clean}-{hashlib.sha256(word.encode()).hexdigest()[:6]}"
