"""What outputs make of targets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from spaic_jax.plot.style import COLOURS, LEGEND, axes_for, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Of more targets than this every so many are drawn, evenly: points would cover each other.
_POINTS = 5000


def regression(targets: ArrayLike, outputs: ArrayLike, *, ax: Axes | None = None) -> Axes:
    """Outputs over the targets that they are held to: points on the diagonal are right.

    The title says R2 of all of them, the share of the targets' variance that the outputs explain.

    Args:
        targets: `[N]`, or `[N, k]` for k numbers each, of which up to six have colours of their own; samples, or steps of them.
        outputs: in the same shape.
        ax: axes to draw on; those of a new figure by default.

    Returns:
        The axes.

    Raises:
        ValueError: arrays of other shapes, or of two shapes.
        ImportError: when matplotlib is not installed.

    Example:
        >>> axes = regression([1.0, 2.0, 3.0], [1.0, 2.0, 4.0])
        >>> axes.get_xlabel(), axes.get_title()
        ('target', 'R2 0.50 of 3')
    """
    wanted, given = np.asarray(targets, float), np.asarray(outputs, float)
    if wanted.shape != given.shape or wanted.ndim not in (1, 2) or not wanted.size:
        raise ValueError(
            f"regression: targets have shape {wanted.shape} and outputs {given.shape}, but both need to be [N], or both [N, k]."
        )
    count = len(wanted)
    columns = wanted.reshape(count, -1), given.reshape(count, -1)
    spread = np.square(columns[0] - columns[0].mean(0)).sum()
    every = -(-wanted.size // _POINTS)
    numbers = columns[0].shape[1]
    several = 1 < numbers <= len(COLOURS)
    axes = axes_for(ax, 5.2 if several else 4.2, 4.0)
    for number, (x, y) in enumerate(zip(columns[0].T, columns[1].T, strict=True)):
        axes.plot(
            x[::every], y[::every], linestyle="none", marker="o", markersize=3 if len(x) // every < 500 else 2, markeredgewidth=0,
            alpha=0.6, color=COLOURS[number if several else 0], label=f"number {number}" if several else None,
        )  # fmt: skip
    # Both axes alike, so that the diagonal is one.
    finite = [each[np.isfinite(each)] for each in columns]
    lowest, highest = (float(of([of(each) for each in finite if each.size])) for of in (np.min, np.max))
    edge = 0.04 * (highest - lowest) or 1.0
    axes.axline((lowest, lowest), slope=1, color="0.5", linewidth=0.8, linestyle="--", zorder=0)
    axes.set(
        xlim=(lowest - edge, highest + edge),
        ylim=(lowest - edge, highest + edge),
        xlabel="target",
        ylabel="output",
        aspect="equal",
    )
    explained = (
        f"R2 {1 - np.square(columns[1] - columns[0]).sum() / spread:.2f} of {count:,}"
        if spread
        else f"{count:,} targets, all alike"
    )
    axes.set_title(explained + (f", 1 in {every} drawn" if every > 1 else ""), fontsize="medium")
    if axes.get_legend_handles_labels()[0]:
        axes.legend(**LEGEND)
    tidy(axes)
    return axes
