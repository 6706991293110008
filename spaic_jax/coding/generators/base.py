"""What a source is: rows that give an output without data."""

import abc
import dataclasses
from collections.abc import Callable, Iterable
from typing import ClassVar

import jax
import numpy as np

from spaic_jax._numbers import real, shown
from spaic_jax._shapes import Array, Float
from spaic_jax.coding.check import check_range
from spaic_jax.coding.values import Value, constants, keep, names
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
        for name, value in self.values():
            array = np.asarray(value)
            if array.dtype.kind not in "iuf":
                raise ValueError(f"{type(self).__name__}: {name} must be a number or an array, not {shown(value)}.")
            check_range(f"{type(self).__name__}: {name}", array, "finite numbers")
        for field in dataclasses.fields(self):
            if field.name.endswith("_time") and getattr(self, field.name) is not None:
                keep(self, **{field.name: real(getattr(self, field.name), f"{type(self).__name__}: {field.name}")})

    def values(self) -> list[tuple[str, Value]]:
        """What is one constant each, by name."""
        return [(f.name, getattr(self, f.name)) for f in dataclasses.fields(self) if not f.name.endswith("_time")]

    def check(self, name: str, dt: float) -> None:
        """ValueError that names the first value of the source `name` that does not fit steps of `dt` ms."""

    def window(self, dt: float) -> Iterable[tuple[str, int]]:
        """The steps that its times stand for, by name."""
        return ()

    def lower(self, site: Site, context: Context) -> Fragment:
        """Its constants, and the row that writes its output `site.target`, `[B, *site.gives]`.

        Raises:
            ValueError: for an array that does not have one number a neuron, a probability above one.
        """
        self.check(f"generator '{site.name}'", context.dt)
        for key, value in self.values():
            if np.ndim(value) and np.shape(value) != site.gives:
                raise ValueError(
                    f"generator '{site.name}': {key} has shape {np.shape(value)}, but needs one number or {site.gives}."
                )
        on = Variable(f"{site.name}.on", site.gives, init=Constant(1.0))
        numbers = [(key, np.asarray(value, float)) for key, value in self.values()]
        variables = constants(site, [*numbers, *self.window(context.dt)])
        row = Op(
            site.target, type(self).emit, (on.name, "[step]", *names(variables)), random=self.random,
            settings={"dt": context.dt},
        )
        return Fragment((on, *variables), (row,))


def each(on: Float[Array, "batch *shape"], value: Float[Array, "..."]) -> Float[Array, "batch *shape"]:
    """A value for every neuron of every sample; float32 at least."""
    return on.astype(value.dtype) * (value[None] if value.ndim else value)


def check_chance(what: str, rate: Value, of_one: float, times: str) -> None:
    """ValueError that names the first rate that is negative, or whose probability of a spike in a step is above one.

    Args:
        what: what the rates are.
        rate: a number or an array.
        of_one: the probability for a rate of one.
        times: how that is called.
    """
    needed = f"rates from 0 to {1 / of_one:g}, as {times} is {of_one:g}, and no probability above 1"
    # A probability of one may come out a little above it.
    check_range(f"{what}: rate", np.asarray(rate), needed, 0.0, (1 + 1e-6) / of_one)
