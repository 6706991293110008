"""Variables over time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from spaic_jax.plot.style import LEGEND, colours, label_below, label_beside, stack_for, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def traces(
    values: Mapping[str, ArrayLike],
    times: ArrayLike,
    *,
    labels: Mapping[str, str] | None = None,
    v_th: float | None = None,
    ax: Axes | Iterable[Axes] | None = None,
) -> tuple[Axes, ...]:
    """Variables over time, a panel for each, over one time axis in ms.

    Args:
        values: for each panel `[T]`, or `[T, k]` for k curves, such as one sample of what a `StateMonitor` keeps. More than
            ten curves are drawn thin and grey, with their mean.
        times: when each row was, `[T]`, ms, such as `result.times["potentials"]`.
        labels: what the vertical axes say, by panel, such as `{"potentials": "V (mV)"}`; the panel's name by default.
        v_th: threshold, drawn as a dashed line into every panel.
        ax: axes to draw on, one a panel; those of a new figure by default.

    Returns:
        The axes of each panel.

    Raises:
        ValueError: nothing to draw, an array whose rows are not those of `times`, or axes that are not one a panel.
        ImportError: when matplotlib is not installed.

    Example:
        >>> panes = traces({"V": np.eye(4), "U": np.ones(4)}, times=[0.5, 1.0, 1.5, 2.0])
        >>> [axes.get_ylabel() for axes in panes], panes[-1].get_xlabel()
        (['V', 'U'], 'time (ms)')
    """
    time = np.asarray(times)
    panels = {name: np.asarray(panel) for name, panel in values.items()}
    if not panels:
        raise ValueError("traces needs the values of at least one variable, got none.")
    for name, panel in panels.items():
        if time.ndim != 1 or panel.ndim not in (1, 2) or len(panel) != len(time):
            raise ValueError(
                f"traces: '{name}' has shape {panel.shape} and times {time.shape}, but [T] or [T, k] and [T] are needed."
            )
    panes = stack_for(ax, [1.35] * len(panels), "traces")
    for axes, (name, panel) in zip(panes, panels.items(), strict=True):
        curves = panel.reshape(len(panel), -1)
        many = curves.shape[1] > 10
        if many:
            axes.plot(time, curves, linewidth=0.5, color="0.75")
            draw_curves(axes, time, curves.mean(1, keepdims=True), [f"mean of {curves.shape[1]:,}"], v_th, 1.6)
        else:
            draw_curves(axes, time, curves, [f"neuron {k}" for k in range(curves.shape[1])] if panel.ndim == 2 else None, v_th)
        label_beside(axes, (labels or {}).get(name, name))
        axes.margins(x=0.01)
        tidy(axes)
    label_below(panes, "time (ms)")
    return panes


def draw_curves(
    axes: Axes, times: np.ndarray, curves: np.ndarray, names: Sequence[str] | None, v_th: float | None, linewidth: float = 1.1
) -> None:
    """Curves `[T, k]`, a threshold, and what they are called beside them."""
    for k, colour in enumerate(colours(curves.shape[1])):
        # What has a single moment would be invisible as a line.
        axes.plot(
            times, curves[:, k], linewidth=linewidth, color=colour, label=names[k] if names else None,
            marker="o" if len(times) == 1 else None, markersize=3,
        )  # fmt: skip
    if v_th is not None:
        axes.axhline(v_th, linestyle="--", linewidth=0.8, color="black", label="threshold")
    if axes.get_legend_handles_labels()[0]:
        # Eleven lines fit beside a panel of two columns only.
        axes.legend(**LEGEND, ncols=1 + (curves.shape[1] > 5), columnspacing=1.0, labelspacing=0.3)
