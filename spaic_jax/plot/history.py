"""How a training went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from spaic_jax.plot.style import COLOURS, new_figure, tidy

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def learning_curve(history: Sequence[Mapping[str, Any]]) -> Figure:
    """Loss (of learning by rules: the change of weights) and accuracy over epochs, in two panels.

    Args:
        history: one row an epoch, with `epoch`, `loss` or `change`, `accuracy` (0 to 1), and `test_accuracy` where there is
            one.

    Returns:
        The figure.

    Raises:
        ValueError: when there is no row, or a row lacks a column.
        ImportError: when matplotlib is not installed.

    Example:
        >>> rows = [{"epoch": 1, "loss": 2.3, "accuracy": 0.1}, {"epoch": 2, "loss": 1.1, "accuracy": 0.7}]
        >>> figure = learning_curve(rows)
        >>> [axes.get_ylabel() for axes in figure.axes]
        ['loss (training)', 'accuracy (%)']
    """
    if not history:
        raise ValueError("learning_curve needs at least one row of history, got none.")
    measure, label = ("change", "change of a weight by a sample") if "change" in history[0] else ("loss", "loss (training)")
    for number, row in enumerate(history):
        missing = [name for name in ("epoch", measure, "accuracy") if name not in row]
        if missing:
            raise ValueError(f"learning_curve: row {number} of the history lacks {', '.join(missing)}.")
    figure = new_figure(8.0, 3.2)
    from matplotlib.ticker import MaxNLocator

    left, right = figure.subplots(1, 2)
    epochs = [float(row["epoch"]) for row in history]
    left.plot(epochs, [float(row[measure]) for row in history], color=COLOURS[0], marker="o", markersize=3)
    left.set_ylabel(label)
    left.set_ylim(bottom=0 if all(float(row[measure]) >= 0 for row in history) else None)
    for column, data, colour in (("accuracy", "training", COLOURS[0]), ("test_accuracy", "test", COLOURS[1])):
        rows = [row for row in history if row.get(column) is not None]
        if rows:
            x, y = [float(row["epoch"]) for row in rows], [100 * float(row[column]) for row in rows]
            right.plot(x, y, color=colour, marker="o", markersize=3, label=f"{data}, last {y[-1]:.1f} %")
    right.set_ylabel("accuracy (%)")
    right.legend(frameon=False)
    for axes in (left, right):
        tidy(axes)
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.grid(axis="y", alpha=0.3)
    return figure
