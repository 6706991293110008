"""How often and how irregularly neurons fire."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from spaic_jax.analysis import Spikes, intervals, irregularity
from spaic_jax.analysis import rates as rates_of
from spaic_jax.plot.style import LEGEND, colours, row_for, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def firing(spikes: Mapping[str, Spikes], *, ax: Axes | Iterable[Axes] | None = None) -> tuple[Axes, ...]:
    """How the neurons of groups fire: histograms of rates, of the intervals between spikes, and of these intervals' CV.

    Args:
        spikes: the spikes of each group. A neuron counts for the CV by at least five intervals.
        ax: three axes to draw on; those of a new figure by default.

    Returns:
        The axes of the rates (Hz), of the intervals (ms, logarithmic) and of the coefficients of variation.

    Raises:
        ValueError: no group, or axes that are not three.
        ImportError: when matplotlib is not installed.

    Example:
        >>> panes = firing({"cells": Spikes([1.0, 2.0, 4.0], [0, 0, 0], num=2, start=0.0, stop=10.0)})
        >>> [axes.get_xlabel() for axes in panes]
        ['rate (Hz)', 'interval (ms)', 'CV of intervals']
    """
    if not spikes:
        raise ValueError("firing needs the spikes of at least one group, got none.")
    panes = row_for(ax, 3, "firing")
    measured = [
        {name: rates_of(given) for name, given in spikes.items()},
        {name: intervals(given)[0] for name, given in spikes.items()},
        {name: irregularity(given, "cv") for name, given in spikes.items()},
    ]
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    panes[1].set_xscale("log")
    panes[1].xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    panes[1].xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    panes[1].xaxis.set_minor_formatter(NullFormatter())
    # Steps of many groups would hide each other.
    bins = 40 if len(spikes) <= 3 else 20
    for axes, groups in zip(panes, measured, strict=True):
        kept = {name: values[np.isfinite(values) & ((axes is not panes[1]) | (values > 0))] for name, values in groups.items()}
        every = np.concatenate(list(kept.values()))
        if every.size:
            low, high = (every.min(), every.max()) if axes is panes[1] else (0.0, max(every.max(), 1e-9) * 1.02)
            edges = np.geomspace(low / 1.02, high * 1.02, bins + 1) if axes is panes[1] else np.linspace(low, high, bins + 1)
            for (name, values), colour in zip(kept.items(), colours(len(kept)), strict=True):
                if values.size:
                    counts, _ = np.histogram(values, edges)
                    axes.stairs(100 * counts / len(values), edges, color=colour, linewidth=1.3, label=name)
        else:
            axes.text(0.5, 0.5, "too few spikes", ha="center", va="center", transform=axes.transAxes, color="0.4", fontsize="small")
        axes.set_ylim(bottom=0)
        tidy(axes)
    for axes, label, what in zip(
        panes, ("rate (Hz)", "interval (ms)", "CV of intervals"), ("neurons", "intervals", "neurons"), strict=True
    ):
        axes.set_xlabel(label)
        axes.set_ylabel(f"share of {what} (%)")
    handles, names = panes[0].get_legend_handles_labels()
    panes[2].legend(handles, names, **LEGEND)
    return panes
