"""Firing rates of populations over time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from spaic_jax.plot.style import LEGEND, axes_for, colours, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def rates(values: Mapping[str, ArrayLike], times: Mapping[str, ArrayLike], *, ax: Axes | None = None) -> Axes:
    """Firing rates of populations in Hz over time in ms, as stairs over the bins they are means of.

    Args:
        values: for each population `[T]`, or `[T, B]`, of which the mean over samples is drawn with its range, such as what
            a `RateMonitor` keeps.
        times: the ends of the bins, `[T]`, ms, by population, such as `result.times`.
        ax: axes to draw on; those of a new figure by default.

    Returns:
        The axes.

    Raises:
        ValueError: nothing to draw, or rates whose rows are not those of their times.
        ImportError: when matplotlib is not installed.

    Example:
        >>> axes = rates({"excitatory": [10.0, 20.0]}, {"excitatory": [5.0, 10.0]})
        >>> axes.get_ylabel()
        'rate (Hz)'
    """
    if not values:
        raise ValueError("rates needs the rates of at least one population, got none.")
    axes = axes_for(ax, 8.0, 2.8)
    for (name, given), colour in zip(values.items(), colours(len(values)), strict=True):
        rows, ends = np.asarray(given, float), np.asarray(times.get(name, ()), float)
        if rows.ndim not in (1, 2) or ends.shape != rows.shape[:1] or not len(rows):
            raise ValueError(
                f"rates: '{name}' has shape {rows.shape} and times {ends.shape}, but [T] or [T, B] and [T] are needed."
            )
        rows = rows.reshape(len(rows), -1)
        width = ends[1] - ends[0] if len(ends) > 1 else ends[0]
        edges = np.concatenate([[ends[0] - width], ends])
        axes.stairs(rows.mean(1), edges, color=colour, linewidth=1.4, label=name, baseline=None)
        if rows.shape[1] > 1:
            axes.stairs(rows.max(1), edges, baseline=rows.min(1), color=colour, alpha=0.15, fill=True, linewidth=0)
    axes.set_ylim(bottom=0)
    axes.margins(x=0.01)
    axes.set_xlabel("time (ms)")
    axes.set_ylabel("rate (Hz)")
    axes.legend(**LEGEND)
    tidy(axes)
    return axes
