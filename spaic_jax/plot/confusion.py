"""Which classes are taken for which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from spaic_jax.plot.style import new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def confusion_matrix(matrix: ArrayLike, class_names: Sequence[str] | None = None) -> Figure:
    """A confusion matrix: counts in the cells, coloured by their share of the row.

    Args:
        matrix: `[C, C]` counts; rows are true classes, columns predicted ones, as
            `spaic_jax.train.confusion_matrix` counts them.
        class_names: C names; the numbers of the classes by default.

    Returns:
        The figure.

    Raises:
        ValueError: a matrix that is not square or holds negative or broken counts, or another number of names.
        ImportError: when matplotlib is not installed.

    Example:
        >>> figure = confusion_matrix([[9, 1], [0, 10]], ["cat", "dog"])
        >>> figure.axes[0].get_title()
        '19 of 20 right (95.0 %)'
    """
    counts = np.asarray(matrix)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or not counts.size:
        raise ValueError(f"confusion_matrix: the matrix has shape {counts.shape}, but needs [C, C].")
    if not np.array_equal(counts, np.floor(counts)) or (counts < 0).any():
        raise ValueError("confusion_matrix: the matrix must hold counts, whole numbers of at least zero.")
    size = len(counts)
    names = [str(name) for name in (range(size) if class_names is None else class_names)]
    if len(names) != size:
        raise ValueError(f"confusion_matrix: {len(names)} class names were given, but the matrix has {size} classes.")

    inches = max(3.6, 1.2 + 0.36 * size)
    figure = new_figure(inches + 0.8, inches)
    axes = figure.subplots()
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    image = axes.imshow(100 * share, cmap="Blues", vmin=0, vmax=100)
    for row, column in np.ndindex(size, size):
        # Zeros are kept faint and mistakes bold, so that what went wrong stands out.
        count = int(counts[row, column])
        colour = "white" if share[row, column] > 0.5 else "black" if count else "#bbbbbb"
        weight = "bold" if count and row != column else "normal"
        axes.text(column, row, str(count), ha="center", va="center", fontsize=8, color=colour, fontweight=weight)
    upright = max(map(len, names)) > 3
    axes.set_xticks(range(size), names, rotation=90 if upright else 0)
    axes.set_yticks(range(size), names)
    axes.tick_params(length=0)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    right, total = int(np.trace(counts)), int(counts.sum())
    axes.set_title(f"{right} of {total} right ({100 * right / max(total, 1):.1f} %)", fontsize="medium")
    figure.colorbar(image, ax=axes, label="share of the true class (%)", shrink=0.8)
    return figure
