"""What all figures have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spaic_jax._extras import import_extra

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Colours for a few curves, which stay apart for readers with colour blindness (Okabe and Ito) and read well on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of a size in inches, without pyplot, whose parts do not overlap.

    Raises:
        ImportError: when matplotlib is not installed.
    """
    figure: Figure = import_extra("matplotlib.figure", "plotting").Figure(
        figsize=(width, height), layout="constrained", dpi=120
    )
    return figure


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
