"""Tables on the terminal."""

import sys
from collections.abc import Sequence


def show(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table: with rules and wrapped cells where rich is installed, else a line a row."""
    try:
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text
    except ImportError:
        _show_plain(title, columns, rows)
        return
    table = Table(*columns, title=title or None, title_justify="left", title_style="bold")
    for row in rows:
        # As text: brackets such as those of V[updated] are no markup.
        table.add_row(*map(Text, row))
    Console(width=None if sys.stdout.isatty() else 120).print(table)


def _show_plain(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A line a row, its cells two spaces or more apart.

    >>> _show_plain("Numbers", ["name", "digits"], [["one", "1"], ["eleven", "11"]])
    Numbers
    name    digits
    one     1
    eleven  11
    """
    lines = [columns, *rows]
    widths = [max(len(line[place]) for line in lines) for place in range(len(columns))]
    if title:
        print(title)
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
