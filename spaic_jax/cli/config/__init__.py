"""The configuration of a run: read from a file, changed by `--set`, checked."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args

from spaic_jax._errors import unknown
from spaic_jax._extras import import_extra
from spaic_jax._numbers import shown
from spaic_jax._text import parse_text, read_tables
from spaic_jax.cli.errors import UserError, user_errors

with user_errors():
    import_extra("pydantic", "a configuration")

from pydantic import ValidationError

from spaic_jax.cli.config.base import Table
from spaic_jax.cli.config.data import Data
from spaic_jax.cli.config.simulation import Simulation
from spaic_jax.cli.config.training import Training


class Declaration(Table):
    """A network, and its time; what it is trained on may be left out. `network` is as of `spaic_jax.storage.from_dict`."""

    network: dict[str, Any]
    simulation: Simulation
    data: Data | None = None
    training: Training | None = None


class Config(Declaration):
    """All of a run."""

    data: Data
    training: Training


Kind = TypeVar("Kind", bound=Declaration)


def read_config(path: str | Path, changes: Sequence[str] = ()) -> Config:
    """Read and check the configuration of a run.

    Args:
        path: a file `.toml` or `.json`.
        changes: `key=value` pairs, such as `"training.epochs=3"`. A value is read as TOML, else taken as a string.

    Raises:
        UserError: one sentence that names the file and the key.
    """
    return _read(Config, path, changes)


def read_declaration(path: str | Path, changes: Sequence[str] = ()) -> Declaration:
    """`read_config` of a file that needs no data and no training."""
    return _read(Declaration, path, changes)


def _read(kind: type[Kind], path: str | Path, changes: Sequence[str]) -> Kind:
    table = read_table(path, changes)
    try:
        read = kind.model_validate(table)
    except ValidationError as error:
        raise UserError(f"{path}: {_sentence(error.errors()[0])}") from error
    return read if read.data is None else read.model_copy(update={"data": read.data.seen_from(Path(path).parent)})


def read_table(path: str | Path, changes: Sequence[str] = ()) -> dict[str, Any]:
    """What a file of a configuration says, and what changes make of it, unchecked.

    Raises:
        UserError: a file that is not there or damaged, or a change that is none.
    """
    with user_errors():
        table = read_tables(path)
    for change in changes:
        _change(table, change)
    return table


def read_change(change: str, option: str = "--set") -> tuple[str, Any]:
    """The key and the value of a change.

    Raises:
        UserError: it has no key or no value, or is damaged TOML.

    >>> read_change("training.epochs = 3"), read_change("network.groups.hidden.model=lif")
    (('training.epochs', 3), ('network.groups.hidden.model', 'lif'))
    """
    key, sign, text = change.partition("=")
    key, change = key.strip(), change if len(change) < 200 else f"{change[:200]}..."
    if not sign or not all(key.split(".")):
        raise UserError(f"{option} {change}: a key, '=' and a value are needed, such as training.epochs=3.")

    def parse() -> Any:
        try:
            return tomllib.loads(f"value = {text}")
        except tomllib.TOMLDecodeError:
            return {"value": text}

    with user_errors():
        parsed = parse_text(parse, f"{option} {change}", "TOML")
    if parsed.keys() != {"value"}:
        raise UserError(f"{option} {change}: {key} is no key with a value of its own.")
    return key, parsed["value"]


def _change(table: Any, change: str) -> None:
    key, value = read_change(change)
    *names, last = key.split(".")
    for name in names:
        table = table.setdefault(name, {}) if isinstance(table, dict) else None
    if not isinstance(table, dict):
        raise UserError(f"--set {change if len(change) < 200 else f'{change[:200]}...'}: {key} is no key with a value of its own.")
    table[last] = value


def _sentence(error: Mapping[str, Any]) -> str:
    """The first error of pydantic in words."""
    place, path = error["loc"], ".".join(map(str, error["loc"]))
    if error["type"] == "missing":
        return f"{path} is missing."
    if error["type"] == "extra_forbidden":
        model: Any = Config
        for name in place[:-1]:
            kind = model.model_fields[name].annotation
            # A table that may be left out is one of two types.
            model = next((each for each in get_args(kind) if hasattr(each, "model_fields")), kind)
        return f"{path}: {unknown('key', place[-1], model.model_fields)}"
    message = error["msg"].removeprefix("Value error, ")
    if message.startswith("Input should be "):
        return f"{path}: needs {message.removeprefix('Input should be ')}, got {shown(error['input'])}."
    return f"{path}: {message}."


def first_difference(one: Any, other: Any, path: str = "") -> str | None:
    """The key of the first value in which two configurations differ.

    >>> first_difference({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}})
    'a.c'
    """
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted(one.keys() | other.keys()):
            below = f"{path}.{key}" if path else key
            if key not in one or key not in other:
                return below
            if (found := first_difference(one[key], other[key], below)) is not None:
                return found
        return None
    return None if one == other else path
