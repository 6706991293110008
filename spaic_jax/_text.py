"""Tables in files of TOML or JSON that somebody wrote or edited."""

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

#: No table that anybody writes is deeper; what is would end in Python's own limit, here or later.
DEEPEST = 64


def read_tables(path: str | Path) -> dict[str, Any]:
    """The tables of a file: JSON where its name ends in `.json`, else TOML.

    Raises:
        ValueError: other text or bytes, repeated keys, or tables that lie in each other too deeply; one sentence with the
            file's name.
        OSError: when there is no such file, or it cannot be read.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder) / "a.json"
        ...     _ = file.write_text('{"dt": 1.0, "dt": 0.5}')
        ...     try:
        ...         read_tables(file)
        ...     except ValueError as error:
        ...         print(str(error).removeprefix(folder))
        /a.json: the key 'dt' stands there twice.
    """
    json_text = Path(path).suffix == ".json"
    contents = Path(path).read_bytes()

    def parse() -> Any:
        text = contents.decode("utf-8")
        # JSON's own words for infinities are kept, as ranges have free ends.
        return json.loads(text, object_pairs_hook=_no_repeats) if json_text else tomllib.loads(text)

    tables = parse_text(parse, str(path), "JSON" if json_text else "TOML")
    if not isinstance(tables, dict):
        raise ValueError(f"{path}: a table is needed, not {type(tables).__name__}.")
    return tables


def parse_text(parse: Callable[[], Any], where: str, kind: str) -> Any:
    """What a parser gives, not too deep; `where` and `kind` are for error messages.

    Raises:
        ValueError: whatever the parser says, in one sentence.
    """
    try:
        tables = parse()
    except RecursionError:
        raise ValueError(f"{where}: its tables and lists lie in each other too deeply.") from None
    except _RepeatedKeyError as error:
        raise ValueError(f"{where}: {error}") from None
    except ValueError as error:
        raise ValueError(f"{where}: this is no {kind}: {' '.join(str(error).split())}.") from error
    level = [tables]
    for _ in range(DEEPEST):
        level = [item for above in level if isinstance(above, dict | list) for item in (above.values() if isinstance(above, dict) else above)]
    if level:
        raise ValueError(f"{where}: its tables and lists lie in each other too deeply.")
    return tables


class _RepeatedKeyError(Exception):
    """A key that stands in a table twice."""


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        names = [name for name, _ in pairs]
        raise _RepeatedKeyError(f"the key '{next(name for name in names if names.count(name) > 1)}' stands there twice.")
    return table
