"""The firing of a sheet of neurons as a film."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from spaic_jax._extras import import_extra
from spaic_jax._numbers import real
from spaic_jax.analysis import Spikes
from spaic_jax.analysis.bins import bins_of

if TYPE_CHECKING:
    from matplotlib.animation import FuncAnimation
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

#: How many pictures there are at most, if nobody says how long each is.
_FRAMES = 100


def activity(
    spikes: ArrayLike | Spikes,
    shape: tuple[int, int] | None = None,
    *,
    dt: float | None = None,
    bin: float | None = None,
    fps: float = 10.0,
    ax: Axes | None = None,
) -> FuncAnimation:
    """The spikes of a sheet of neurons over time, as an animation: in each picture how often each neuron fires, Hz.

    `activity(...).save("film.gif", writer="pillow")` writes a file; a notebook shows `HTML(activity(...).to_jshtml())`, with
    `HTML` of `IPython.display`. What happens after the last whole picture is left out.

    Args:
        spikes: `[T, height, width]` or `[T, n]`, one sample of what a `SpikeMonitor` keeps, or `spaic_jax.analysis.Spikes`.
        shape: height and width of the sheet; by default that of the array, or else a square.
        dt: length of a step, ms; of `Spikes` it need not be known.
        bin: simulated time of a picture, ms; by default a hundredth of the recording, or a step where it has fewer.
        fps: pictures a second.
        ax: axes to draw on. By default those of a figure that no window and no notebook shows by itself.

    Returns:
        The animation.

    Raises:
        ValueError: another array, neurons that do not fill the sheet, a length of time that is not positive or longer than
            the recording.
        ImportError: when matplotlib is not installed.

    Example:
        >>> import tempfile
        >>> fired = np.eye(4).reshape(4, 2, 2)
        >>> film = activity(fired, dt=1.0)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     film.save(f"{folder}/film.gif", writer="pillow")
    """
    given = spikes if isinstance(spikes, Spikes) else None
    if given is None:
        array = np.asarray(spikes)
        if array.ndim not in (2, 3) or not array.size:
            raise ValueError(f"activity: the spikes have shape {array.shape}, but need [T, height, width] or [T, n].")
        dt = real(dt, "activity: dt", above=0)
        shape = array.shape[1:] if shape is None and array.ndim == 3 else shape
        given = Spikes.from_raster(array.reshape(len(array), -1), dt)
        bin = math.ceil(len(array) / _FRAMES) * dt if bin is None else bin
    side = math.isqrt(given.num)
    high, wide = (side, side) if shape is None else shape
    if high * wide != given.num:
        raise ValueError(f"activity: {given.num} neurons are no sheet of {high} x {wide}: give shape=(height, width).")
    bin = given.duration / _FRAMES if bin is None else bin
    place, bins = bins_of(given, bin, "activity: bin")
    seen = place >= 0
    counts = np.bincount(place[seen] * given.num + given.neurons[seen], minlength=bins * given.num)
    rates = counts.reshape(bins, high, wide) / (bin / 1000)

    if ax is None:
        size = 5.0, float(np.clip(4.0 * high / wide, 1.5, 7.0)) + 0.4
        figure = import_extra("matplotlib.figure", "plotting").Figure(figsize=size, layout="constrained", dpi=100)
        ax = figure.subplots()
    from matplotlib.animation import FuncAnimation

    image = ax.imshow(rates[0], cmap="magma", vmin=0.0, vmax=float(rates.max()) or 1.0, interpolation="nearest")
    ax.set_xticks([])
    ax.set_yticks([])
    title = ax.set_title(" ", fontsize="medium")
    ax.figure.colorbar(image, ax=ax, label="rate (Hz)", fraction=0.08, pad=0.02)

    def picture(number: int) -> tuple[Artist, ...]:
        image.set_data(rates[number])
        title.set_text(f"{given.start + number * bin:.6g} to {given.start + (number + 1) * bin:.6g} ms")
        return image, title

    return FuncAnimation(ax.figure.figure, picture, frames=bins, interval=1000 / fps)
