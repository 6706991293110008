"""What happened in a run: spikes and membrane potentials over time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from spaic_jax.analysis import Spikes
from spaic_jax.plot.style import colours, new_figure, tidy

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def raster(
    spikes: Mapping[str, ArrayLike | Spikes],
    potentials: Mapping[str, ArrayLike] | None = None,
    *,
    dt: float | None = None,
    v_th: float | None = None,
) -> Figure:
    """Spikes of groups above, a few membrane potentials below, over one time axis in ms.

    A mark at `t * dt` is a spike of step `t`, counted from zero; potentials are those after the step.

    Args:
        spikes: for each group `[T, n]`, one sample of what a `SpikeMonitor` keeps; any value but zero is a spike. Or
            `spaic_jax.analysis.Spikes`, whose marks are at their times.
        potentials: for each panel `[T, k]`, such as the `V` of the first k neurons. A handful is legible.
        dt: length of a step, ms; of what is given as `Spikes` it need not be known.
        v_th: threshold, drawn as a dashed line into the panels of potentials.

    Returns:
        The figure.

    Raises:
        ValueError: nothing to draw, an array that is not `[T, n]`, arrays of different lengths, or `dt` missing or not positive.
        ImportError: when matplotlib is not installed.

    Example:
        >>> figure = raster({"layer": np.eye(3)}, {"layer": np.ones((3, 1))}, dt=0.5)
        >>> [axes.get_ylabel() for axes in figure.axes], figure.axes[-1].get_xlabel()
        (['layer\\nneuron', 'layer\\nV'], 'time (ms)')
    """
    events = {name: np.asarray(values) != 0 for name, values in spikes.items() if not isinstance(values, Spikes)}
    traces = {name: np.asarray(values) for name, values in (potentials or {}).items()}
    panels = [*events.items(), *traces.items()]
    if (panels and dt is None) or (dt is not None and not dt > 0):
        raise ValueError(f"raster: dt must be a positive number of milliseconds, got {dt!r}.")
    if not spikes and not traces:
        raise ValueError("raster needs spikes or potentials of at least one group, got none.")
    steps = None
    for name, values in panels:
        if values.ndim != 2:
            raise ValueError(
                f"raster: '{name}' has shape {values.shape}, but needs [T, n]: one sample, without the batch axis."
            )
        steps = len(values) if steps is None else steps
        if len(values) != steps:
            raise ValueError(f"raster: '{name}' has {len(values)} steps, but '{panels[0][0]}' has {steps}.")

    step_length = dt or 0.0
    times = np.arange(steps or 0) * step_length
    marks: dict[str, tuple[np.ndarray, np.ndarray, int]] = {}
    ends = [(-0.5 * step_length, ((steps or 1) - 0.5) * step_length)] if panels else []
    for name, given in spikes.items():
        if isinstance(given, Spikes):
            marks[name] = given.times, given.neurons, given.num
            ends.append((given.start, given.stop))
        else:
            step, neuron = np.nonzero(events[name])
            marks[name] = times[step], neuron, events[name].shape[1]

    # Large groups get more room, but not in proportion: ten neurons must stay legible beside a thousand.
    heights = [float(np.clip(0.14 * np.sqrt(num), 0.6, 2.4)) for _, _, num in marks.values()]
    heights += [float(np.clip(0.9 + 0.1 * values.shape[1], 1.0, 2.4)) for values in traces.values()]
    figure = new_figure(8.0, 0.7 + sum(h + 0.25 for h in heights))
    from matplotlib.ticker import MaxNLocator

    panes = figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    for axes, (name, (at, neuron, num)), height in zip(panes, marks.items(), heights, strict=False):
        # A mark is as tall as its neuron's row, in points, within what the eye can make out.
        tall = float(np.clip(72 * height / num * 0.8, 2.4, 8.0))
        axes.plot(at, neuron, linestyle="", marker="|", markersize=tall, markeredgewidth=1.0, color="black")
        axes.set_ylim(-0.7, num - 0.3)
        axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
        axes.set_ylabel(f"{name}\nneuron")
    for axes, (name, values) in zip(panes[len(marks) :], traces.items(), strict=True):
        for k, colour in enumerate(colours(values.shape[1])):
            axes.plot(times, values[:, k], linewidth=1.1, color=colour, label=f"neuron {k}")
        if v_th is not None:
            axes.axhline(v_th, linestyle="--", linewidth=0.8, color="black", label="threshold")
        axes.set_ylabel(f"{name}\nV")
        axes.legend(frameon=False, fontsize="small", loc="center left", bbox_to_anchor=(1.0, 0.5), handlelength=1.2)
    for axes in panes:
        tidy(axes)
    panes[-1].set_xlabel("time (ms)")
    panes[-1].set_xlim(min(start for start, _ in ends), max(stop for _, stop in ends))
    figure.align_ylabels(list(panes))
    return figure
