"""What an operation takes, and tables of numbers as text."""

from collections.abc import Sequence

#: pJ of operations on 32-bit floating numbers in 45 nm at 0.9 V: an addition, and a multiplication (3.7) with it. Horowitz (2014),
#: "Computing's energy problem (and what we can do about it)", ISSCC, figure 1.1.9.
ADD, MULTIPLY_ADD = 0.9, 4.6


def energy(additions: int, multiply_adds: int) -> float:
    """The energy of operations, nJ.

    >>> energy(additions=1000, multiply_adds=1000)
    5.5
    """
    return (additions * ADD + multiply_adds * MULTIPLY_ADD) / 1000


def shown(value: float | int | None) -> str:
    """A number as text: whole ones in full, others with three digits; nothing for what is not known."""
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def table(columns: Sequence[str], rows: Sequence[Sequence[float | int | str | None]]) -> str:
    """Lines of columns, the first to the left and numbers to the right.

    >>> print(table(["", "n"], [["a", 12345], ["b", 0.5]]))
             n
    a   12,345
    b      0.5
    """
    cells = [list(columns), *([x if isinstance(x, str) else shown(x) for x in row] for row in rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(columns))]
    lines = ("  ".join([row[0].ljust(widths[0]), *(x.rjust(n) for x, n in zip(row[1:], widths[1:], strict=True))]) for row in cells)
    return "\n".join(line.rstrip() for line in lines)
