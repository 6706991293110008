"""How a training went."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from spaic_jax.plot.style import COLOURS, row_for, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: What the columns of each data set begin with.
_DATA = {"": "training", "test_": "test", "validation_": "validation"}


def learning_curve(history: Sequence[Mapping[str, Any]], *, ax: Axes | Iterable[Axes] | None = None) -> tuple[Axes, ...]:
    """Loss (of learning by rules: the change of weights) and accuracy over epochs, of training, test and validation data.

    Args:
        history: one row an epoch, with `epoch`, `loss` or `change`, and what there is of `accuracy` (0 to 1), `test_loss`,
            `test_accuracy`, `validation_loss` and `validation_accuracy`. Without any accuracy there is one panel.
        ax: axes to draw on, one a panel; those of a new figure by default.

    Returns:
        The axes of the loss and, where there is one, of the accuracy.

    Raises:
        ValueError: when there is no row, a row lacks a column, or axes that are not one a panel.
        ImportError: when matplotlib is not installed.

    Example:
        >>> rows = [{"epoch": 1, "loss": 2.3, "accuracy": 0.1}, {"epoch": 2, "loss": 1.1, "accuracy": 0.7}]
        >>> loss, accuracy = learning_curve(rows)
        >>> loss.get_ylabel(), accuracy.get_ylabel()
        ('loss', 'accuracy (%)')
    """
    if not history:
        raise ValueError("learning_curve needs at least one row of history, got none.")
    measure, label = ("change", "change of a weight by a sample") if "change" in history[0] else ("loss", "loss")
    for number, row in enumerate(history):
        missing = [name for name in ("epoch", measure) if name not in row]
        if missing:
            raise ValueError(f"learning_curve: row {number} of the history lacks {', '.join(missing)}.")
    shown = [(label, 1.0, measure)]
    if any(row.get(f"{prefix}accuracy") is not None for row in history for prefix in _DATA):
        shown.append(("accuracy (%)", 100.0, "accuracy"))
    panes = row_for(ax, len(shown), "learning_curve")
    from matplotlib.ticker import MaxNLocator

    for axes, (what, unit, measured) in zip(panes, shown, strict=True):
        lowest = highest = 0.0
        for (prefix, data), colour in zip(_DATA.items(), COLOURS, strict=False):
            rows = [row for row in history if row.get(prefix + measured) is not None]
            points = [(float(row["epoch"]), unit * float(row[prefix + measured])) for row in rows]
            if points:
                x, y = zip(*points, strict=True)
                lowest, highest = min(lowest, *y), max(highest, *y)
                last = f"{y[-1]:.1f} %" if unit == 100 else f"{y[-1]:.3g}"
                marker = "o" if len(x) <= 30 else None  # of many epochs the marks would hide the curve
                axes.plot(x, y, color=colour, marker=marker, markersize=3, linewidth=1.3, label=f"{data}, last {last}")
        if lowest >= 0 and highest > 0:
            axes.set_ylim(0, 1.08 * highest)
        axes.ticklabel_format(axis="y", scilimits=(-3, 5))
        axes.set_xlabel("epoch")
        axes.set_ylabel(what)
        axes.legend(frameon=False, fontsize="small")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.grid(axis="y", alpha=0.3)
        tidy(axes)
    return panes
