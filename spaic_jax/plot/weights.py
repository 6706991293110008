"""Weights of a connection."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from spaic_jax.plot.style import new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def weights(weight: ArrayLike, *, name: str = "weight") -> Figure:
    """A weight matrix `(post, pre)` as an image, or the kernels `(out, in, kh, kw)` of a convolution as a grid of images.

    Zero is white, excitation red and inhibition blue, on one scale that reaches as far on both sides.

    Args:
        weight: the weights, such as `variables["synapses.weight"]`.
        name: what they are called.

    Returns:
        The figure.

    Raises:
        ValueError: weights with other axes, or that are not finite.
        ImportError: when matplotlib is not installed.

    Example:
        >>> figure = weights(np.eye(3), name="synapses")
        >>> figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel(), figure.axes[-1].get_ylabel()
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
        figure = new_figure(wide + 1.2, float(np.clip(wide * array.shape[0] / array.shape[1], 2.0, 7.0)))
        axes = figure.subplots()
        image = axes.imshow(array, aspect="auto", **scale)
        axes.set_xlabel("presynaptic neuron")
        axes.set_ylabel("postsynaptic neuron")
        from matplotlib.ticker import MaxNLocator

        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(6, integer=True))
        figure.colorbar(image, ax=axes, label=name)
        return figure
    made, read = array.shape[:2]
    figure = new_figure(float(np.clip(0.7 * read + 1.4, 2.5, 10.0)), float(np.clip(0.7 * made + 0.6, 2.0, 10.0)))
    panes = figure.subplots(made, read, squeeze=False)
    for o in range(made):
        for i in range(read):
            image = panes[o, i].imshow(array[o, i], **scale)
            panes[o, i].set_xticks([])
            panes[o, i].set_yticks([])
            for side in panes[o, i].spines.values():
                side.set(color="0.7", linewidth=0.6)
        panes[o, 0].set_ylabel(str(o), rotation=0, ha="right", va="center", fontsize="small")
    for i in range(read):
        panes[0, i].set_title(str(i), fontsize="small")
    figure.supxlabel("input map (columns), output map (rows)", fontsize="small")
    figure.colorbar(image, ax=panes, label=name, shrink=0.8)
    return figure
