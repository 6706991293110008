"""Variables over time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from spaic_jax.plot.style import colours, new_figure, tidy

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def traces(
    values: Mapping[str, ArrayLike], times: ArrayLike, *, labels: Mapping[str, str] | None = None, v_th: float | None = None
) -> Figure:
    """Variables over time, a panel for each, over one time axis in ms.

    Args:
        values: for each panel `[T]`, or `[T, k]` for k curves, such as one sample of what a `StateMonitor` keeps. More than
            ten curves are drawn thin and grey, with their mean.
        times: when each row was, `[T]`, ms, such as `result.times["potentials"]`.
        labels: what the vertical axes say, by panel, such as `{"potentials": "V (mV)"}`; the panel's name by default.
        v_th: threshold, drawn as a dashed line into every panel.

    Returns:
        The figure.

    Raises:
        ValueError: nothing to draw, or an array whose rows are not those of `times`.
        ImportError: when matplotlib is not installed.

    Example:
        >>> figure = traces({"V": np.eye(4), "U": np.ones(4)}, times=[0.5, 1.0, 1.5, 2.0])
        >>> [axes.get_ylabel() for axes in figure.axes], figure.axes[-1].get_xlabel()
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
    figure = new_figure(8.0, 0.7 + 1.6 * len(panels))
    panes = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (name, panel) in zip(panes, panels.items(), strict=True):
        curves = panel.reshape(len(panel), -1)
        many = curves.shape[1] > 10
        if many:
            axes.plot(time, curves, linewidth=0.5, color="0.75")
            axes.plot(time, curves.mean(1), linewidth=1.6, color=colours(1)[0], label=f"mean of {curves.shape[1]}")
        else:
            for k, colour in enumerate(colours(curves.shape[1])):
                axes.plot(time, curves[:, k], linewidth=1.1, color=colour, label=f"neuron {k}" if panel.ndim == 2 else None)
        if v_th is not None:
            axes.axhline(v_th, linestyle="--", linewidth=0.8, color="black", label="threshold")
        if axes.get_legend_handles_labels()[0]:
            axes.legend(frameon=False, fontsize="small", loc="center left", bbox_to_anchor=(1.0, 0.5), handlelength=1.2)
        axes.set_ylabel((labels or {}).get(name, name))
        axes.margins(x=0.01)
        tidy(axes)
    panes[-1].set_xlabel("time (ms)")
    figure.align_ylabels(list(panes))
    return figure
