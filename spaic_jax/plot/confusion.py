"""Which classes are taken for which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from spaic_jax.plot.style import axes_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Of more classes than this the cells have no room for numbers: their colours remain.
_NUMBERED = 40


def confusion_matrix(matrix: ArrayLike, class_names: Sequence[str] | None = None, *, ax: Axes | None = None) -> Axes:
    """A confusion matrix: counts in the cells, coloured by their share of the row; empty cells are zeros.

    Of more than 40 classes the cells show their colours alone.

    Args:
        matrix: `[C, C]` counts; rows are true classes, columns predicted ones, as
            `spaic_jax.train.confusion_matrix` counts them.
        class_names: C names; the numbers of the classes by default.
        ax: axes to draw on; those of a new figure by default.

    Returns:
        The axes.

    Raises:
        ValueError: a matrix that is not square or holds negative or broken counts, or another number of names.
        ImportError: when matplotlib is not installed.

    Example:
        >>> axes = confusion_matrix([[9, 1], [0, 10]], ["cat", "dog"])
        >>> axes.get_title()
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

    inches = float(np.clip(1.2 + 0.36 * size, 3.6, 9.0))
    axes = axes_for(ax, inches + 0.8, inches)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    from matplotlib.colors import PowerNorm

    # Without numbers, a single mistake among many has to be seen by its colour.
    norm = PowerNorm(1.0 if size <= _NUMBERED else 0.4, vmin=0, vmax=100)
    image = axes.imshow(np.where(counts > 0, 100 * share, np.nan), cmap="Blues", norm=norm, interpolation="nearest")
    if size <= _NUMBERED:
        small = float(np.clip(72 * inches / size / 2.8, 4.5, 8.0))
        for row, column in np.argwhere(counts):
            # Mistakes are bold, so that what went wrong stands out.
            axes.text(
                column, row, str(int(counts[row, column])), ha="center", va="center", fontsize=small,
                color="white" if share[row, column] > 0.5 else "black", fontweight="bold" if row != column else "normal",
            )  # fmt: skip
    # The cells of an empty row or column can be told by the lines between them.
    between = np.arange(0, size - 1, 1 if size <= _NUMBERED else 10) + (0.5 if size <= _NUMBERED else 9.5)
    axes.set_xticks(between, minor=True)
    axes.set_yticks(between, minor=True)
    axes.grid(which="minor", color="0.92", linewidth=0.6)
    # Names that would overlap are left out, evenly.
    every = -(-size // 60)
    upright = max(map(len, names)) > (3 if size <= 20 else 1)
    axes.set_xticks(range(0, size, every), names[::every], rotation=90 if upright else 0)
    axes.set_yticks(range(0, size, every), names[::every])
    axes.tick_params(which="both", length=0)
    axes.tick_params(labelsize=float(np.clip(72 * inches / size * every / 1.8, 5.5, 10.0)))
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    right, total = int(np.trace(counts)), int(counts.sum())
    axes.set_title(f"{right:,} of {total:,} right ({100 * right / max(total, 1):.1f} %)", fontsize="medium")
    axes.figure.colorbar(image, ax=axes, label="share of the true class (%)", shrink=0.8)
    return axes
