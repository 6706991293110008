"""What all pictures have in common."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from spaic_jax._extras import import_extra

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Colours for a few curves, which stay apart for readers with colour blindness (Okabe and Ito) and read well on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")

#: Longer names beside panels are broken.
_LONGEST = 20

#: A legend beside the axes, where it hides no curve.
LEGEND: dict[str, Any] = {
    "frameon": False, "fontsize": "small", "loc": "center left", "bbox_to_anchor": (1.0, 0.5), "handlelength": 1.2,
}  # fmt: skip


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of pyplot, of a size in inches, whose parts do not overlap.

    Raises:
        ImportError: when matplotlib is not installed.
    """
    figure: Figure = import_extra("matplotlib.pyplot", "plotting").figure(
        figsize=(width, height), layout="constrained", dpi=120
    )
    return figure


def axes_for(ax: Axes | None, width: float, height: float) -> Axes:
    """The axes of a picture of one panel: those given, or the only ones of a new figure of a size in inches."""
    return new_figure(width, height).subplots() if ax is None else ax


def stack_for(ax: Axes | Iterable[Axes] | None, heights: Sequence[float], what: str, *, width: float = 8.0) -> tuple[Axes, ...]:
    """The axes of panels that share their horizontal axis: those given, or a new figure's, one under the other.

    Args:
        ax: the axes given.
        heights: that of each panel, inches.
        what: whose they are, for the error's sentence.
        width: inches.

    Raises:
        ValueError: axes given, but not one a panel.
    """
    if ax is not None:
        return _given(ax, len(heights), what)
    figure = new_figure(width, 0.7 + sum(height + 0.25 for height in heights))
    panes = tuple(figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0])
    figure.align_ylabels(panes)
    return panes


def row_for(ax: Axes | Iterable[Axes] | None, number: int, what: str) -> tuple[Axes, ...]:
    """The axes of panels that have nothing in common: those given, or a new figure's, side by side. Raises as `stack_for`."""
    if ax is not None:
        return _given(ax, number, what)
    return tuple(new_figure(8.0, 3.2 if number < 3 else 2.6).subplots(1, number, squeeze=False)[0])


def _given(ax: Axes | Iterable[Axes], number: int, what: str) -> tuple[Axes, ...]:
    given = tuple(ax) if isinstance(ax, Iterable) else (ax,)
    if len(given) != number:
        raise ValueError(f"{what}: it has {number} panels, but {len(given)} axes came: needs one a panel.")
    return given


def plain(name: str) -> str:
    """A name that is written as it is: matplotlib takes what stands between dollars for a formula."""
    return name.replace("$", r"\$").encode("utf-8", "replace").decode()


def label_beside(axes: Axes, name: str, *lines: str) -> None:
    """What the vertical axis of a panel says: written upright would be longer than the panel is high."""
    parts = [name[i : i + _LONGEST] for i in range(0, len(name), _LONGEST)]
    axes.set_ylabel("\n".join([*parts, *lines]), rotation=0, ha="right", va="center", fontsize="small")


def label_below(panes: Sequence[Axes], label: str) -> None:
    """What the horizontal axis says: only below the lowest panel where they share it."""
    for axes in panes:
        axes.set_xlabel(label)
        if len(axes.get_shared_x_axes().get_siblings(axes)) > 1:
            axes.label_outer()


def colours(number: int) -> list[Any]:
    """Colours for a number of curves, all different up to 20."""
    if number <= len(COLOURS):
        return list(COLOURS[:number])
    from matplotlib import colormaps

    many = colormaps["tab10" if number <= 10 else "tab20"]
    return [many(k % many.N) for k in range(number)]


def tidy(axes: Axes) -> None:
    """Take away the frame's upper and right sides."""
    axes.spines[["top", "right"]].set_visible(False)
