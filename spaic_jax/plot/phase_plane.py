"""Two variables of a neuron against each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from spaic_jax.plot.style import LEGEND, axes_for, colours, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def phase_plane(
    x: ArrayLike,
    y: ArrayLike,
    *,
    labels: tuple[str, str] = ("V", "U"),
    nullclines: Mapping[str, Callable[[np.ndarray], ArrayLike]] | None = None,
    field: Callable[[np.ndarray, np.ndarray], tuple[ArrayLike, ArrayLike]] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """The way of a neuron through the plane of two of its variables, from a circle to a square; jumps are dotted.

    Args:
        x, y: the two variables over time, `[T]`.
        labels: what they are called.
        nullclines: functions of x that give the y at which a variable stands still, by label.
        field: function of x and y that gives their two slopes, drawn as arrows whose length says nothing.
        ax: axes to draw on; those of a new figure by default.

    Returns:
        The axes.

    Raises:
        ValueError: arrays that are not `[T]` of one length.
        ImportError: when matplotlib is not installed.

    Example:
        >>> axes = phase_plane([0.0, 1.0, 0.5], [0.0, 0.2, 0.4], nullclines={"U' = 0": lambda v: 0.2 * v})
        >>> axes.get_xlabel(), axes.get_ylabel()
        ('V', 'U')
    """
    first, second = np.asarray(x, float), np.asarray(y, float)
    if first.ndim != 1 or first.shape != second.shape or len(first) < 2:
        raise ValueError(f"phase_plane needs two arrays [T] of one length, got {first.shape} and {second.shape}.")
    axes = axes_for(ax, 5.4, 4.4)
    # A jump within a step, such as a reset, is no part of the way.
    jumps = np.flatnonzero(np.hypot(np.diff(first) / (np.ptp(first) or 1), np.diff(second) / (np.ptp(second) or 1)) > 0.25) + 1
    for part in np.split(np.arange(len(first)), jumps):
        axes.plot(first[part], second[part], linewidth=1.0, color="black", zorder=3)
    for jump in jumps:
        axes.plot(first[jump - 1 : jump + 1], second[jump - 1 : jump + 1], ":", linewidth=0.6, color="0.5", zorder=2)
    axes.plot(first[0], second[0], "o", color="black", markersize=5, zorder=4)
    axes.plot(first[-1], second[-1], "s", color="black", markersize=5, zorder=4)
    # The way itself says what is seen; what is drawn beside it is cut there.
    spans = [0.06 * (np.ptp(values) or 1.0) for values in (first, second)]
    bounds = [(values.min() - span, values.max() + span) for values, span in zip((first, second), spans, strict=True)]
    if field is not None:
        grid = np.meshgrid(*(np.linspace(*bound, 15) for bound in bounds))
        slopes = [np.asarray(slope, float) / np.ptp(bound) for slope, bound in zip(field(*grid), bounds, strict=True)]
        length = np.hypot(*slopes) + 1e-30
        axes.quiver(*grid, *(slope / length for slope in slopes), color="0.75", angles="uv", width=0.003, zorder=1)
    line = np.linspace(*bounds[0], 400)
    for (name, function), colour in zip((nullclines or {}).items(), colours(len(nullclines or {})), strict=True):
        axes.plot(line, np.asarray(function(line), float), linestyle="--", linewidth=1.2, color=colour, label=name, zorder=2)
    axes.set_xlim(*bounds[0])
    axes.set_ylim(*bounds[1])
    axes.locator_params(axis="x", nbins=6)
    axes.set_xlabel(labels[0])
    axes.set_ylabel(labels[1])
    if nullclines:
        axes.legend(**LEGEND)
    tidy(axes)
    return axes
