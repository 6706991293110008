"""What the neurons of a group respond to."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from spaic_jax.plot.style import axes_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def receptive_fields(
    weight: ArrayLike,
    shape: tuple[int, int] | None = None,
    *,
    labels: Sequence[object] | None = None,
    name: str = "weight",
    ax: Axes | None = None,
) -> Axes:
    """The weights onto each neuron, `(post, pre)`, as a map over the image that they come from, in a grid of maps.

    Args:
        weight: the weights, such as `variables["synapses.weight"]`.
        shape: height and width of the image; by default it is a square.
        labels: what is written on each map, such as the class of the neuron.
        name: what the weights are called.
        ax: axes to draw on; those of a new figure by default.

    Returns:
        The axes: one image, whose maps lie row by row.

    Raises:
        ValueError: weights with other axes, that are not finite, or that do not fill the shape; labels that are not one a
            neuron.
        ImportError: when matplotlib is not installed.

    Example:
        >>> axes = receptive_fields(np.ones((6, 16)), labels="aabbcc", name="synapses")
        >>> axes.images[0].get_array().shape
        (9, 14)
    """
    array = np.asarray(weight, float)
    if array.ndim != 2 or not array.size:
        raise ValueError(f"receptive_fields needs (post, pre), got shape {array.shape}.")
    if not np.isfinite(array).all():
        raise ValueError("receptive_fields: weights must be finite.")
    post, pre = array.shape
    side = math.isqrt(pre)
    high, wide = (side, side) if shape is None else shape
    if high * wide != pre:
        raise ValueError(f"receptive_fields: {pre} presynaptic neurons are no image of {high} x {wide}: give shape=(height, width).")
    if labels is not None and len(labels) != post:
        raise ValueError(f"receptive_fields: {len(labels)} labels came for {post} neurons.")
    columns = math.ceil(math.sqrt(post * high / wide))
    rows = math.ceil(post / columns)
    # A line of nothing between the maps.
    sheet = np.full((rows * (high + 1) - 1, columns * (wide + 1) - 1), np.nan)
    corners = [(i // columns * (high + 1), i % columns * (wide + 1)) for i in range(post)]
    for field, (top, left) in zip(array, corners, strict=True):
        sheet[top : top + high, left : left + wide] = field.reshape(high, wide)
    axes = axes_for(ax, 7.2, float(np.clip(6.2 * sheet.shape[0] / sheet.shape[1], 1.5, 12.0)))
    most = float(np.abs(array).max()) or 1.0
    both = bool((array < 0).any())
    image = axes.imshow(sheet, cmap="RdBu_r" if both else "viridis", vmin=-most if both else 0.0, vmax=most, interpolation="nearest")
    from matplotlib.patheffects import withStroke

    rim = withStroke(linewidth=1.5, foreground="white" if both else "black")
    size = float(np.clip(72 * 6.2 * high / sheet.shape[1] / 4, 5.0, 10.0))
    for label, (top, left) in zip(labels if labels is not None else (), corners, strict=False):
        axes.text(
            left, top, str(label), fontsize=size, color="black" if both else "white", ha="left", va="top", path_effects=[rim]
        )
    axes.set_axis_off()
    axes.set_title(name, fontsize="medium")
    axes.figure.colorbar(image, ax=axes, shrink=0.8)
    return axes
