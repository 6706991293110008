"""Spikes at given times."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import ClassVar, Literal, get_args

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax._errors import unknown
from spaic_jax._numbers import whole
from spaic_jax._shapes import AnyArray, Array, Float, Int
from spaic_jax.coding.check import refuse
from spaic_jax.coding.encoders.base import Coding
from spaic_jax.coding.steps import floor_steps
from spaic_jax.coding.values import keep
from spaic_jax.program import Constant, Context, Fragment, Op, Site, Variable
from spaic_jax.program.variable import Axes

#: What becomes of spikes after the end of the presentation.
Late = Literal["refuse", "drop", "last"]
#: Steps that float32 times tell apart.
_STEPS = 2**20


def single(
    times: Float[Array, "batch *shape"], size: Float[Array, ""], position: Int[Array, ""], *window: Int[Array, ""],
    dt: float,
) -> Float[Array, "batch *shape"]:
    """The spikes of one step, from one time a channel; `window` says that late ones fall into its last step."""
    step = floor_steps(times, dt)
    if window:
        step = jnp.minimum(step, (window[0] - 1).astype(times.dtype))
    return (step == position.astype(times.dtype)).astype(size.dtype) * size


def several(
    times: Float[Array, "batch *shape spikes"], size: Float[Array, ""], position: Int[Array, ""],
    *window: Int[Array, ""], dt: float,
) -> Float[Array, "batch *shape"]:
    """The spikes of one step, from several times a channel."""
    return single(times, size, position, *window, dt=dt).sum(-1)


@dataclasses.dataclass(frozen=True)
class SpikeTimes(Coding):
    """What codings by times have in common.

    Times are float32 whatever the precision of the program. In them a time is told from the next one for 2^20 steps.
    """

    axes: ClassVar[Axes] = "held"
    narrow: ClassVar = False
    emit: ClassVar[Callable[..., jax.Array]]
    late: Late = "refuse"

    def __post_init__(self) -> None:
        if self.late not in get_args(Late):
            raise ValueError(f"{type(self).__name__}: {unknown('late', self.late, get_args(Late))}")

    def check_input(self, what: str, x: AnyArray, dt: float, steps: int | None) -> None:
        # As the run will see them.
        times = np.asarray(x).astype(np.float32)
        refuse(what, times, times < 0, "times in ms, which are not negative; NaN stands for no spike")
        with np.errstate(invalid="ignore"):
            at = floor_steps(times, dt)
        if self.late == "refuse" and steps is not None:
            needed = "late='drop' leaves later spikes out, late='last' puts them into the last step"
            refuse(what, times, at >= steps, f"times before the end, {steps * dt:g} ms; {needed}")
        inside = at < (_STEPS if steps is None else steps)
        refuse(what, times, inside & (at >= _STEPS), f"times before step {_STEPS}, as float32 does not tell later ones apart")

    def lower(self, site: Site, context: Context) -> Fragment:
        size = spike_size(site)
        reads = (site.source, size.name, "[position]", *(("[window]",) if self.late == "last" else ()))
        return Fragment((size,), (Op(site.target, type(self).emit, reads, settings={"dt": context.dt}),))


@dataclasses.dataclass(frozen=True)
class SingleSpikeTimes(SpikeTimes):
    """One spike an input, in step `floor(x / dt)`: the input is its time in ms, `[B, *shape]`.

    Times are counted from the start of the presentation; a time on the grid, `k dt`, is in step k. NaN is no spike.

    Args:
        late: what becomes of times after the end of the presentation: `"refuse"` (they are dropped under `jax.jit`, where
            data cannot be looked at), `"drop"`, or `"last"`, which puts them into the last step.

    Raises:
        ValueError: at a run, negative times, and late ones that are refused.

    Source: SPAIC, `sstb`.

    >>> SingleSpikeTimes().axes
    'held'
    """

    emit: ClassVar = staticmethod(single)


@dataclasses.dataclass(frozen=True)
class MultipleSpikeTimes(SpikeTimes):
    """Several spikes an input, in steps `floor(x / dt)`: the input holds their times in ms, `[B, *shape, max_spikes]`.

    Times are counted from the start of the presentation; a time on the grid, `k dt`, is in step k. Spikes of one step
    add up. NaN is no spike: see `pack_spike_times`, which makes the input from lists.

    Args:
        late: what becomes of times after the end of the presentation: `"refuse"` (they are dropped under `jax.jit`, where
            data cannot be looked at), `"drop"`, or `"last"`, which puts them into the last step, as SPAIC does.
        max_spikes: number of times that the input holds for each channel.

    Raises:
        ValueError: a `max_spikes` that is no positive whole number; at a run, negative times, and late ones that are
            refused.

    Source: SPAIC, `mstb`.

    >>> MultipleSpikeTimes(max_spikes=3).input_shape((5,))
    (5, 3)
    """

    emit: ClassVar = staticmethod(several)
    max_spikes: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        keep(self, max_spikes=whole(self.max_spikes, "MultipleSpikeTimes: max_spikes"))

    def input_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (*shape, self.max_spikes)


def spike_size(site: Site) -> Variable:
    """The size of a spike, one, in whose dtype spikes are: times are float32 whatever the precision of the program."""
    return Variable(f"{site.name}.size", role="constant", init=Constant(1.0))


def pack_spike_times(samples: Sequence[tuple[Sequence[float] | np.ndarray, Sequence[int] | np.ndarray]], num: int) -> np.ndarray:
    """Lists of spikes as the input of an `mstb` encoder.

    Args:
        samples: for each sample its spikes' times in ms and the channels they belong to, as SPAIC's `mstb` takes them.
        num: number of channels.

    Returns:
        `[B, num, max_spikes]`, with NaN where a channel has fewer spikes; its last axis is what `max_spikes` must be.

    Raises:
        ValueError: times and channels of different length, a time that is negative or NaN, or a channel out of range.

    >>> pack_spike_times([([1.0, 2.5, 3.0], [0, 1, 0])], num=2).tolist()
    [[[1.0, 3.0], [2.5, nan]]]
    """
    lists: list[list[list[float]]] = []
    for i, (times, channels) in enumerate(samples):
        at, of = np.asarray(times, float), np.asarray(channels)
        if at.shape != of.shape or at.ndim != 1:
            raise ValueError(f"sample {i} has times of shape {at.shape} and channels of shape {of.shape}: needs one each.")
        refuse(f"sample {i}", at, ~(at >= 0), "times in ms: they must not be negative")
        if of.size and (of.dtype.kind not in "iu" or of.min() < 0 or of.max() >= num):
            raise ValueError(f"sample {i} has channels {of.min()} to {of.max()}, but needs whole numbers below {num}.")
        lists.append([at[of == channel].tolist() for channel in range(num)])
    longest = max((len(row) for rows in lists for row in rows), default=0)
    packed = np.full((len(lists), num, max(longest, 1)), np.nan)
    for i, rows in enumerate(lists):
        for channel, row in enumerate(rows):
            packed[i, channel, : len(row)] = row
    return packed
