"""What happened in a run: spikes and membrane potentials over time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from spaic_jax._numbers import whole
from spaic_jax.analysis import Spikes
from spaic_jax.plot.style import label_below, label_beside, stack_for, tidy
from spaic_jax.plot.traces import draw_curves

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: How many potentials of a group are drawn: all, or of more than the first number so many as the second.
_ALL, _SOME = 10, 4
#: How high all panels together are at most, inches, if each is at least 0.6.
_HIGHEST = 9.0


def raster(
    spikes: Mapping[str, ArrayLike | Spikes],
    potentials: Mapping[str, ArrayLike] | None = None,
    *,
    dt: float | None = None,
    v_th: float | None = None,
    rows: int = 100,
    ax: Axes | Iterable[Axes] | None = None,
) -> tuple[Axes, ...]:
    """Spikes of groups above, membrane potentials below, over one time axis in ms.

    What happened in step `k` is at its end, `(k + 1) dt`, as in `result.times`. Of a group of more than `rows` neurons those
    that fire have a row; where these are too many as well, every so many of them. The vertical axis says so, and its numbers
    are always those of the neurons.

    Args:
        spikes: for each group `[T, n]`, one sample of what a `SpikeMonitor` keeps, or `spaic_jax.analysis.Spikes`. Values
            other than 0 and 1, such as input currents, are drawn as shades.
        potentials: for each panel `[T, n]`, such as the `V` of a group. Of more than ten neurons four are drawn: those that
            fire most, where `spikes` has the same name and shape, or else those that move most.
        dt: length of a step, ms; of what is given as `Spikes` it need not be known.
        v_th: threshold, drawn as a dashed line into the panels of potentials.
        rows: how many neurons of a group are shown at most.
        ax: axes to draw on, one a panel; those of a new figure by default.

    Returns:
        The axes: of each group of spikes, then of each panel of potentials.

    Raises:
        ValueError: nothing to draw, an array that is not `[T, n]`, arrays of different lengths, `dt` missing or not positive,
            or axes that are not one a panel.
        ImportError: when matplotlib is not installed.

    Example:
        >>> panes = raster({"layer": np.eye(3)}, {"layer": np.ones((3, 1))}, dt=0.5)
        >>> [axes.get_ylabel() for axes in panes], panes[-1].get_xlabel(), panes[0].lines[0].get_xdata().tolist()
        (['layer\\nneuron', 'layer\\nV'], 'time (ms)', [0.5, 1.0, 1.5])
    """
    events = {name: np.asarray(values) for name, values in spikes.items() if not isinstance(values, Spikes)}
    traces = {name: np.asarray(values) for name, values in (potentials or {}).items()}
    panels = [*events.items(), *traces.items()]
    rows = whole(rows, "raster: rows", least=1)
    if (panels and dt is None) or (dt is not None and not dt > 0):
        raise ValueError(f"raster: dt must be a positive number of milliseconds, got {dt!r}.")
    if not spikes and not traces:
        raise ValueError("raster needs spikes or potentials of at least one group, got none.")
    steps = None
    for name, values in panels:
        if values.ndim != 2 or not values.size:
            raise ValueError(
                f"raster: '{name}' has shape {values.shape}, but needs [T, n]: one sample, without the batch axis."
            )
        steps = len(values) if steps is None else steps
        if len(values) != steps:
            raise ValueError(f"raster: '{name}' has {len(values)} steps, but '{panels[0][0]}' has {steps}.")

    step = dt or 0.0
    times = (np.arange(steps or 0) + 1) * step
    ends = [(0.0, (steps or 1) * step)] if panels else []
    ends += [(given.start, given.stop) for given in spikes.values() if isinstance(given, Spikes)]
    first, last = min(start for start, _ in ends), max(stop for _, stop in ends)
    marked = {name for name in spikes if name not in events or np.isin(events[name], (0, 1)).all()}
    shown = [_chosen(_counts(given), rows, "fire" if name in marked else "are not 0") for name, given in spikes.items()]
    # Large groups get more room, but not in proportion: ten neurons must stay legible beside a thousand.
    heights = [float(np.clip(0.18 * np.sqrt(len(neurons)), 0.6, 1.8)) for neurons, _ in shown]
    heights += [float(np.clip(0.9 + 0.1 * values.shape[1], 1.0, 1.8)) for values in traces.values()]
    # Many panels are lower, so that all are seen at once.
    shrink = min(1.0, _HIGHEST / sum(heights))
    heights = [max(0.6, shrink * height) for height in heights]
    panes = stack_for(ax, heights, "raster")
    for axes, (name, given), (neurons, label), height in zip(panes, spikes.items(), shown, heights, strict=False):
        if name in marked:
            found = given if isinstance(given, Spikes) else Spikes.from_raster(events[name], dt)
            _draw_marks(axes, found, neurons, height)
        else:
            # Row k of an image is as wide as step k.
            axes.imshow(
                events[name][:, neurons].T.astype(float), aspect="auto", origin="lower", interpolation="nearest",
                cmap="Greys" if (events[name] >= 0).all() else "PuOr", extent=(0.0, times[-1], -0.5, len(neurons) - 0.5),
            )  # fmt: skip
        _number_rows(axes, neurons)
        label_beside(axes, name, *label)
    for axes, (name, values) in zip(panes[len(spikes) :], traces.items(), strict=True):
        who = _movers(values, events.get(name))
        draw_curves(axes, times, values[:, who], [f"neuron {k}" for k in who], v_th)
        label_beside(axes, name, "V" if len(who) == values.shape[1] else f"V, {len(who)} of {values.shape[1]:,}")
    for axes in panes:
        tidy(axes)
        # A mark at the end is seen as a whole.
        axes.set_xlim(first, last + 0.005 * (last - first))
    label_below(panes, "time (ms)")
    return panes


def _counts(given: ArrayLike | Spikes) -> np.ndarray:
    return given.counts() if isinstance(given, Spikes) else (np.asarray(given) != 0).sum(0)


def _chosen(counts: np.ndarray, rows: int, act: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """The neurons that have a row, and what the axis says of them, that fire or, of currents, are not 0."""
    num, fire = len(counts), np.flatnonzero(counts)
    if num <= rows:
        return np.arange(num), ("neuron",)
    if not len(fire):
        return np.arange(rows), (f"{rows:,} of {num:,}", "(none fires)")
    if len(fire) <= rows:
        return fire, (f"{len(fire):,} of {num:,}", f"(all that {act})")
    some = fire[np.linspace(0, len(fire) - 1, rows).round().astype(int)]
    return some, (f"{rows:,} of {num:,}", f"({len(fire):,} {act})")


def _movers(values: np.ndarray, fired: np.ndarray | None) -> np.ndarray:
    """The neurons whose potentials are drawn."""
    if values.shape[1] <= _ALL:
        return np.arange(values.shape[1])
    told = (fired != 0).sum(0) if fired is not None and fired.shape == values.shape else np.ptp(values.astype(float), 0)
    return np.sort(np.argsort(-told, kind="stable")[:_SOME])


def _draw_marks(axes: Axes, spikes: Spikes, neurons: np.ndarray, height: float) -> None:
    place = np.full(spikes.num, -1)
    place[neurons] = np.arange(len(neurons))
    row = place[spikes.neurons]
    # A mark is as tall as its neuron's row, in points, within what the eye can make out.
    tall = float(np.clip(72 * height / len(neurons) * 0.8, 2.0, 8.0))
    axes.plot(
        spikes.times[row >= 0], row[row >= 0], linestyle="", marker="|", markersize=tall, markeredgewidth=1.0, color="black"
    )
    axes.set_ylim(-0.7, len(neurons) - 0.3)


def _number_rows(axes: Axes, neurons: np.ndarray) -> None:
    """Ticks that say the neurons' own numbers."""
    from matplotlib.ticker import MaxNLocator

    last = len(neurons) - 1
    places = [int(place) for place in MaxNLocator(4, integer=True).tick_values(0, max(last, 1)) if 0 <= place <= last]
    axes.set_yticks(places, [str(neurons[place]) for place in places])
