"""What a source is: rows that give an output without data."""

import abc
import dataclasses
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax._numbers import real, shown
from spaic_jax._shapes import Array, Float, Int
from spaic_jax.coding.check import check_range
from spaic_jax.coding.steps import ceil_step
from spaic_jax.coding.values import NEVER, Value, constants, keep, names
from spaic_jax.program import Constant, Context, Fragment, Op, Site, Variable


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Generating(abc.ABC):
    """A frozen dataclass of a source's values: numbers, or one number a neuron. They are constants of the program.

    A source counts time, in steps done since the variables were made (`"[step]"`): it goes on in the next presentation.
    """

    #: `emit(on, step, *constants, dt=dt)`: the output of a step. `on` is one for every neuron, `[B, *shape]`. A random
    #: source takes a key first.
    emit: ClassVar[Callable[..., jax.Array]]
    random: ClassVar[bool] = False

    def __post_init__(self) -> None:
        for name, value in self.per_neuron():
            array = np.asarray(value)
            if array.dtype.kind not in "iuf":
                raise ValueError(f"{type(self).__name__}: {name} must be a number or an array, not {shown(value)}.")
            check_range(f"{type(self).__name__}: {name}", array, "finite numbers")
        for field in dataclasses.fields(self):
            if field.name.endswith("_time") and getattr(self, field.name) is not None:
                what = f"{type(self).__name__}: {field.name}"
                keep(self, **{field.name: real(getattr(self, field.name), what, least=0)})
        start, end = getattr(self, "start_time", 0.0), getattr(self, "end_time", None)
        if end is not None and end < start:
            raise ValueError(f"{type(self).__name__}: end_time must not be before start_time, got {start:g} and {end:g}.")

    def per_neuron(self) -> list[tuple[str, Value]]:
        """What is given as a number, or one number a neuron, by name."""
        return [(f.name, getattr(self, f.name)) for f in dataclasses.fields(self) if not f.name.endswith("_time")]

    def check(self, name: str, dt: float) -> None:
        """ValueError that names the first value of the source `name` that does not fit steps of `dt` ms."""

    def window(self, dt: float) -> Iterable[tuple[str, int]]:
        """The steps that `start_time` and `end_time` stand for, of those that it has: `first` and `end`."""
        steps = {"start_time": "first", "end_time": "end"}
        for field in dataclasses.fields(self):
            if field.name in steps:
                time = getattr(self, field.name)
                yield steps[field.name], NEVER if time is None else ceil_step(time, dt)

    def numbers(self, site: Site, context: Context) -> Iterable[tuple[str, Value]]:
        """The constants that `emit` takes, by name.

        Raises:
            ValueError: what does not fit the source's shape, or the length of a step.
        """
        self.check(f"generator '{site.name}'", context.dt)
        for key, value in self.per_neuron():
            if np.ndim(value) and np.shape(value) != site.gives:
                raise ValueError(
                    f"generator '{site.name}': {key} has shape {np.shape(value)}, but needs one number or {site.gives}."
                )
        return [*((key, np.asarray(value, float)) for key, value in self.per_neuron()), *self.window(context.dt)]

    def settings(self, context: Context) -> Mapping[str, Hashable]:
        """What `emit` is compiled for."""
        return {"dt": context.dt}

    def lower(self, site: Site, context: Context) -> Fragment:
        """Its constants, and the row that writes its output `site.target`, `[B, *site.gives]`.

        Raises:
            ValueError: for an array that does not have one number a neuron, a probability above one.
        """
        on = Variable(f"{site.name}.on", site.gives, init=Constant(1.0))
        variables = constants(site, self.numbers(site, context))
        row = Op(
            site.target, type(self).emit, (on.name, "[step]", *names(variables)), random=self.random,
            settings=self.settings(context),
        )
        return Fragment((on, *variables), (row,))


def each(on: Float[Array, "batch *shape"], value: Float[Array, "..."]) -> Float[Array, "batch *shape"]:
    """A value for every neuron of every sample; float32 at least."""
    return on.astype(value.dtype) * (value[None] if value.ndim else value)


def within(
    x: Float[Array, "batch *shape"], step: Int[Array, ""], first: Int[Array, ""], end: Int[Array, ""]
) -> Float[Array, "batch *shape"]:
    """What a source gives from the step `first` until before the step `end`; zero elsewhere."""
    return jnp.where((step >= first) & (step < end), x, 0)


def check_chance(what: str, rate: Value, of_one: float, times: str, otherwise: str = "") -> None:
    """ValueError that names the first rate that is negative, or whose probability of a spike in a step is above one.

    Args:
        what: what the rates are.
        rate: a number or an array.
        of_one: the probability for a rate of one.
        times: how that is called.
        otherwise: what else can be done, the end of the sentence.
    """
    needed = f"rates from 0 to {1 / of_one:g}, as {times} is {of_one:g}, and no probability above 1{otherwise}"
    # A probability of one may come out a little above it.
    check_range(f"{what}: rate", np.asarray(rate), needed, 0.0, (1 + 1e-6) / of_one)
