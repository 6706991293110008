"""Tables of text."""

import csv as format
import io
import itertools
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from spaic_jax.data.read.files import damage, open_binary


def csv(path: Path) -> dict[str, Any]:
    """The columns of a table, a row a sample: by the names of its first line, or by their numbers where that has numbers only.

    Columns of whole numbers are integers, and those of other things text.

    Raises:
        ValueError: a damaged file: rows of different length, empty cells, text between numbers.
    """
    with damage(path, "a table"), open_binary(path) as file:
        text = file.read().decode("utf-8-sig")
        separator = "\t" if ".tsv" in path.name.lower() else ","
        rows = filter(None, format.reader(io.StringIO(text), delimiter=separator))
        first, second = next(rows, []), next(rows, [])
        head = not all(map(_is_number, first))
        cells = second if head else first
        if not cells:
            raise ValueError("it has no rows")
        names = [name.strip() for name in first] if head else [str(k) for k in range(len(first))]
        if len(set(names)) < len(names) or not all(names) or len(cells) != len(names):
            raise ValueError(f"its first line has {len(first)} columns, the next {len(cells)}, and each needs a name of its own")
        # NumPy looks at the columns that it is told, not at how many there are.
        for number, row in enumerate(itertools.chain((second,) if second else (), rows), 2):
            if len(row) != len(names) or not all(row):
                raise ValueError(f"row {number} has {len(row)} cells, {row.count('')} of them empty, but needs {len(names)}")
        words = [k for k, cell in enumerate(cells) if not _is_number(cell)]
        figures = [k for k in range(len(names)) if k not in words]
        columns: dict[str, Any] = {}
        for chosen, dtype in ((figures, np.float64), (words, np.str_)):
            if chosen:
                table = _table(text, separator, int(head), chosen, dtype)
                columns |= {names[k]: table[:, n] for n, k in enumerate(chosen)}
    return {name: _whole(columns[name]) for name in names}


def _table(text: str, separator: str, skip: int, columns: list[int], dtype: Any) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return np.loadtxt(
            io.StringIO(text), dtype, comments=None, delimiter=separator, skiprows=skip, usecols=columns, ndmin=2, quotechar='"'
        )


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _whole(column: np.ndarray) -> np.ndarray:
    """Integers where all numbers are whole."""
    if column.dtype.kind == "f" and (np.abs(column) < 2**53).all() and (column == np.rint(column)).all():
        return column.astype(np.int64)
    return column
