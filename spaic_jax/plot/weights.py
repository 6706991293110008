"""Weights of a connection."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from spaic_jax.plot.style import axes_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def weights(weight: ArrayLike, *, name: str = "weight", ax: Axes | None = None) -> Axes:
    """A weight matrix `(post, pre)` as an image, or the kernels `(out, in, kh, kw)` of a convolution as a grid of images.

    Zero is white, excitation red and inhibition blue, on one scale that reaches as far on both sides.

    Args:
        weight: the weights, such as `variables["synapses.weight"]`.
        name: what they are called.
        ax: axes to draw on; those of a new figure by default.

    Returns:
        The axes: one image. Of a convolution the rows of kernels are output maps and the columns input maps, or, where there
        are more output maps, the other way round; the axes say it.

    Raises:
        ValueError: weights with other axes, or that are not finite.
        ImportError: when matplotlib is not installed.

    Example:
        >>> axes = weights(np.eye(3), name="synapses")
        >>> axes.get_xlabel(), axes.get_ylabel(), axes.get_title()
        ('presynaptic neuron', 'postsynaptic neuron', 'synapses')
    """
    array = np.asarray(weight, float)
    if array.ndim not in (2, 4) or not array.size:
        raise ValueError(f"weights needs (post, pre) or (out, in, kh, kw), got shape {array.shape}.")
    if not np.isfinite(array).all():
        raise ValueError("weights must be finite.")
    most = float(np.abs(array).max()) or 1.0
    scale: dict[str, Any] = {"cmap": "RdBu_r", "vmin": -most, "vmax": most, "interpolation": "nearest"}
    if array.ndim == 2:
        wide = float(np.clip(6.0 * math.sqrt(array.shape[1] / array.shape[0]), 3.0, 8.0))
        axes = axes_for(ax, wide + 1.2, float(np.clip(wide * array.shape[0] / array.shape[1], 2.3, 7.0)))
        image = axes.imshow(array, aspect="auto", **scale)
        _name(axes, "presynaptic neuron", "postsynaptic neuron", 1, 1, *array.shape)
    else:
        # A screen is wide: what there is more of runs across.
        turned = len(array) > array.shape[1]
        array = array.swapaxes(0, 1) if turned else array
        rows, columns, high, wide = array.shape
        # A line between the kernels.
        sheet = np.full((rows * (high + 1) + 1, columns * (wide + 1) + 1), np.nan)
        for row, column in np.ndindex(rows, columns):
            top, left = row * (high + 1) + 1, column * (wide + 1) + 1
            sheet[top : top + high, left : left + wide] = array[row, column]
        size = np.array(sheet.shape) * min(0.7 / (1 + max(high, wide)), 8.0 / max(sheet.shape))
        axes = axes_for(ax, float(size[1]) + 1.8, max(1.6, float(size[0]) + 0.9))
        axes.set_facecolor("0.7")
        image = axes.imshow(sheet, **scale)
        across, down = ("output map", "input map") if turned else ("input map", "output map")
        _name(axes, across, down, high + 1, wide + 1, rows, columns)
    axes.set_title(name, fontsize="medium")
    axes.figure.colorbar(image, ax=axes, fraction=0.08, pad=0.02)
    return axes


def _name(axes: Axes, across: str, down: str, high: int, wide: int, rows: int, columns: int) -> None:
    """Number the rows and columns of an image, each of which is some pixels high and wide."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

    axes.set_xlabel(across)
    axes.set_ylabel(down)
    for axis, size, number in ((axes.xaxis, wide, columns), (axes.yaxis, high, rows)):
        numbers = [n for n in MaxNLocator(8, integer=True).tick_values(0, number - 1) if 0 <= n < number]
        axis.set_major_locator(FixedLocator([n * size + size / 2 if size > 1 else n for n in numbers]))
        axis.set_major_formatter(FuncFormatter(lambda place, _, size=size: f"{place // size:g}"))
