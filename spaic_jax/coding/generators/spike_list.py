"""Spikes that are listed."""

import dataclasses
from collections.abc import Hashable, Iterable, Mapping
from typing import ClassVar

import jax.numpy as jnp
import numpy as np

from spaic_jax._numbers import real
from spaic_jax._shapes import Array, Float, Int
from spaic_jax.coding.check import check_range, refuse
from spaic_jax.coding.generators.base import Generating, each
from spaic_jax.coding.values import Value, keep
from spaic_jax.program import Context, Site

#: Rounding of times in steps, relative to their number.
_ROUNDING = {"wide": 1e-9, "single": 2.0**-22}


def emit(
    on: Float[Array, "batch *shape"], step: Int[Array, ""], start: Int[Array, "steps"], neurons: Int[Array, "spikes"],
    weight: Float[Array, "..."], *period: Int[Array, ""], dt: float, most: int,
) -> Float[Array, "batch *shape"]:
    """The spikes of one step: `neurons[start[step]:start[step + 1]]`, at most `most`."""
    now = jnp.minimum(step % period[0] if period else step, len(start) - 2)
    place = start[now] + jnp.arange(most, dtype=jnp.int32)
    num = on[0].size
    # Places after the last one of this step are those of no neuron.
    fired = jnp.where(place < start[now + 1], neurons[jnp.minimum(place, len(neurons) - 1)], num)
    counts = jnp.zeros(num, weight.dtype).at[fired].add(1, mode="drop")
    return (each(on, counts.reshape(on.shape[1:])) * each(on, weight)).astype(on.dtype)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class SpikeList(Generating):
    """Spikes at given times: one in step `floor(time / dt)`, whole steps that are counted over all runs, for every sample.

    A time on the grid, `k dt`, is in step k, also where rounding has made it a little less. Spikes of one neuron in one step
    add up. A step costs as much as the one with most spikes, however long the list. A monitor reports a spike at the end of
    its step: to play recorded ones again, take `dt` from their times.

    Args:
        times: when, ms, in any order.
        neurons: who, one for each time; a group of several axes is numbered as its flat array.
        weight: size of a spike, a number or one a neuron.
        period: ms, a whole number of steps, after which all begins anew; the list is played once when `None`.

    Raises:
        ValueError: when it is made, times and neurons of different length, times that are negative or not finite, neurons
            that are no whole numbers of at least 0, a `period` that is not positive; when the network is lowered, neurons
            that the source does not have, or a `period` that is no whole number of steps, or over before the last spike.

    >>> SpikeList(times=[0.5, 2.0, 2.0], neurons=[3, 0, 1], period=10.0).period
    10.0
    """

    emit: ClassVar = staticmethod(emit)
    times: Value
    neurons: Value
    weight: Value = 1.0
    period: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        times, neurons = np.asarray(self.times), np.asarray(self.neurons)
        if times.ndim != 1 or times.shape != neurons.shape:
            raise ValueError(
                f"SpikeList: times of shape {times.shape} and neurons of shape {neurons.shape} came: needs one axis, one each."
            )
        if times.size and (times.dtype.kind not in "iuf" or neurons.dtype.kind not in "iu"):
            raise ValueError(
                f"SpikeList: times and neurons must be numbers and whole numbers, not {times.dtype} and {neurons.dtype}."
            )
        check_range("SpikeList: times", times, "times in ms of at least 0", 0.0)
        refuse("SpikeList: neurons", neurons, neurons < 0, "numbers of neurons of at least 0")
        if self.period is not None:
            keep(self, period=real(self.period, "SpikeList: period", above=0))

    def per_neuron(self) -> list[tuple[str, Value]]:
        return [("weight", self.weight)]

    def steps(self, dt: float) -> np.ndarray:
        """The step of each spike."""
        times = np.asarray(self.times)
        single = times.dtype.kind == "f" and times.dtype.itemsize < 8
        steps = times.astype(float) / dt
        whole = np.round(steps)
        near = np.abs(steps - whole) <= _ROUNDING["single" if single else "wide"] * np.maximum(steps, 1)
        return np.where(near, whole, np.floor(steps)).astype(np.int64)

    def numbers(self, site: Site, context: Context) -> Iterable[tuple[str, Value]]:
        name, steps, neurons = f"generator '{site.name}'", self.steps(context.dt), np.asarray(self.neurons, int)
        size = int(np.prod(site.gives))
        refuse(f"{name}: neurons", neurons, neurons >= size, f"numbers of neurons below {size}")
        period = None if self.period is None else context.steps(self.period, f"period of {name}")
        if period is not None:
            refuse(f"{name}: times", np.asarray(self.times), steps >= period, f"times before the period of {self.period:g} ms is over")
        order = np.argsort(steps, kind="stable")
        # One more step, without spikes, stands for all after the last one.
        each_step = np.bincount(steps, minlength=1 if period is None else period)
        start = np.concatenate([[0], np.cumsum(each_step), [len(steps)]]).astype(np.int32)
        listed = neurons[order].astype(np.int32) if len(steps) else np.zeros(1, np.int32)
        turns = [] if period is None else [("period", period)]
        return [("start", start), ("neurons", listed), *super().numbers(site, context), *turns]

    def settings(self, context: Context) -> Mapping[str, Hashable]:
        most = int(np.bincount(self.steps(context.dt), minlength=1).max())
        return {**super().settings(context), "most": max(most, 1)}
