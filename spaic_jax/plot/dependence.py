"""What a measure does when something is changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from spaic_jax.plot.style import LEGEND, axes_for, colours, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: From this ratio of the largest number to the smallest on, the axis is logarithmic.
_WIDE = 20


def dependence(
    curves: Mapping[str, Sequence[tuple[float | str, float, float]]], of: str, measure: str, *, ax: Axes | None = None
) -> Axes:
    """A measure over what it depends on, with bars: each point a mean and its deviation, such as over seeds.

    Positive numbers that go over more than a decade are drawn on a logarithmic axis, words side by side.

    Args:
        curves: for each curve, points `(value, mean, deviation)`; the name of a single one may be empty.
        of: what the values are.
        measure: what the means are.
        ax: axes to draw on; those of a new figure by default.

    Returns:
        The axes.

    Raises:
        ValueError: nothing to draw.
        ImportError: when matplotlib is not installed.

    Example:
        >>> axes = dependence({"": [(5.0, 0.8, 0.02), (10.0, 0.9, 0.01)]}, "tau_m", "test accuracy")
        >>> axes.get_xlabel(), axes.get_ylabel()
        ('tau_m', 'test accuracy')
    """
    if not curves or not all(map(len, curves.values())):
        raise ValueError("dependence needs at least one curve, with a point or more, got none.")
    axes = axes_for(ax, 5.6, 3.4)
    values = [point[0] for points in curves.values() for point in points]
    words = list(dict.fromkeys(map(str, values))) if any(isinstance(value, str) for value in values) else None
    for number, ((name, points), colour) in enumerate(zip(curves.items(), colours(len(curves)), strict=True)):
        x, mean, deviation = zip(*points, strict=True)
        # Bars over one word would hide each other.
        aside = 0.3 * (number - (len(curves) - 1) / 2) / len(curves)
        places = np.array([words.index(str(value)) + aside for value in x] if words else x, float)
        order = np.argsort(places, kind="stable")
        axes.errorbar(
            places[order], np.array(mean, float)[order], np.array(deviation, float)[order], color=colour, marker="o", markersize=4,
            linewidth=1.2, capsize=3, linestyle="none" if words else "-", label=name or None,
        )  # fmt: skip
    if words:
        axes.set_xticks(range(len(words)), words)
        axes.set_xlim(-0.5, len(words) - 0.5)
    elif min(map(float, values)) > 0 and max(map(float, values)) >= _WIDE * min(map(float, values)):
        axes.set_xscale("log")
    axes.set_xlabel(of)
    axes.set_ylabel(measure)
    if any(curves):
        axes.legend(**LEGEND)
    tidy(axes)
    return axes
