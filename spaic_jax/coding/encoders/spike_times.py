"""Spikes at given times."""

import dataclasses
from collections.abc import Sequence
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax._numbers import whole
from spaic_jax.coding.encoders.base import Coding
from spaic_jax.coding.steps import floor_steps
from spaic_jax.program import Constant, Context, Fragment, Op, Site, Variable
from spaic_jax.program.variable import Axes


def single(times: jax.Array, size: jax.Array, position: jax.Array, *, dt: float) -> jax.Array:
    """The spikes of one step, from one time a channel."""
    return (floor_steps(times, dt) == position.astype(times.dtype)).astype(size.dtype) * size


def several(times: jax.Array, size: jax.Array, position: jax.Array, window: jax.Array, *, dt: float) -> jax.Array:
    """The spikes of one step, from several times a channel."""
    step = jnp.minimum(floor_steps(times, dt), (window - 1).astype(times.dtype))
    return (step == position.astype(times.dtype)).sum(-1).astype(size.dtype) * size


@dataclasses.dataclass(frozen=True)
class SingleSpikeTimes(Coding):
    """One spike an input, in step `floor(x / dt)`: the input is its time in ms, `[B, *shape]`.

    Times are counted from the start of the presentation. A time outside of it, or NaN, is no spike.

    Source: SPAIC, `sstb`.

    >>> SingleSpikeTimes().axes
    'held'
    """

    axes: ClassVar[Axes] = "held"
    narrow: ClassVar = False
    gaps: ClassVar = True

    def lower(self, site: Site, context: Context) -> Fragment:
        size = spike_size(site)
        row = Op(site.target, single, (site.source, size.name, "[position]"), settings={"dt": context.dt})
        return Fragment((size,), (row,))


@dataclasses.dataclass(frozen=True)
class MultipleSpikeTimes(Coding):
    """Several spikes an input, in steps `floor(x / dt)`: the input holds their times in ms, `[B, *shape, max_spikes]`.

    Times are counted from the start of the presentation. Times beyond it fall into its last step, as in SPAIC; spikes of
    one step add up. NaN is no spike: see `pack_spike_times`, which makes the input from lists.

    Args:
        max_spikes: number of times that the input holds for each channel.

    Source: SPAIC, `mstb`.

    >>> MultipleSpikeTimes(max_spikes=3).input_shape((5,))
    (5, 3)
    """

    axes: ClassVar[Axes] = "held"
    narrow: ClassVar = False
    gaps: ClassVar = True
    max_spikes: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "max_spikes", whole(self.max_spikes, "MultipleSpikeTimes: max_spikes"))

    def input_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (*shape, self.max_spikes)

    def lower(self, site: Site, context: Context) -> Fragment:
        size = spike_size(site)
        reads = (site.source, size.name, "[position]", "[window]")
        return Fragment((size,), (Op(site.target, several, reads, settings={"dt": context.dt}),))


def spike_size(site: Site) -> Variable:
    """The size of a spike, one, in whose dtype spikes are: times are float32 whatever the precision of the program."""
    return Variable(f"{site.name}.size", role="constant", init=Constant(1.0))


def pack_spike_times(samples: Sequence[tuple[Any, Any]], num: int) -> np.ndarray:
    """Lists of spikes as the input of an `mstb` encoder.

    Args:
        samples: for each sample its spikes' times in ms and the channels they belong to, as SPAIC's `mstb` takes them.
        num: number of channels.

    Returns:
        `[B, num, max_spikes]`, with NaN where a channel has fewer spikes; its last axis is what `max_spikes` must be.

    Raises:
        ValueError: times and channels of different length, a negative time, or a channel out of range.

    >>> pack_spike_times([([1.0, 2.5, 3.0], [0, 1, 0])], num=2).tolist()
    [[[1.0, 3.0], [2.5, nan]]]
    """
    lists: list[list[list[float]]] = []
    for i, (times, channels) in enumerate(samples):
        at, of = np.asarray(times, np.float32), np.asarray(channels)
        if at.shape != of.shape or at.ndim != 1:
            raise ValueError(f"sample {i} has times of shape {at.shape} and channels of shape {of.shape}: needs one each.")
        if at.size and not (at >= 0).all():
            raise ValueError(f"sample {i} has a spike at {at.min()} ms: times must not be negative.")
        if of.size and (of.dtype.kind not in "iu" or of.min() < 0 or of.max() >= num):
            raise ValueError(f"sample {i} has channels {of.min()} to {of.max()}, but needs whole numbers below {num}.")
        lists.append([at[of == channel].tolist() for channel in range(num)])
    longest = max((len(row) for rows in lists for row in rows), default=0)
    packed = np.full((len(lists), num, max(longest, 1)), np.nan, np.float32)
    for i, rows in enumerate(lists):
        for channel, row in enumerate(rows):
            packed[i, channel, : len(row)] = row
    return packed
