"""What a source is: rows that give an output without data."""

import abc
import dataclasses
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import jax
import numpy as np

from spaic_jax.coding.values import constants, names
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
            if array.dtype.kind not in "iuf" or np.isnan(array).any():
                raise ValueError(f"{type(self).__name__}: {name} must be a number or an array, not {value!r}.")

    def values(self) -> list[tuple[str, Any]]:
        """What is one constant each, by name."""
        return [(f.name, getattr(self, f.name)) for f in dataclasses.fields(self) if not f.name.endswith("_time")]

    def window(self, dt: float) -> Iterable[tuple[str, int]]:
        """The steps that its times stand for, by name."""
        return ()

    def lower(self, site: Site, context: Context) -> Fragment:
        """Its constants, and the row that writes its output `site.target`, `[B, *site.gives]`.

        Raises:
            ValueError: for an array that does not have one number a neuron.
        """
        for key, value in self.values():
            if np.ndim(value) and np.shape(value) != site.gives:
                raise ValueError(
                    f"generator '{site.name}': {key} has shape {np.shape(value)}, but needs one number or {site.gives}."
                )
        on = Variable(f"{site.name}.on", site.gives, init=Constant(1.0))
        numbers = [(key, np.asarray(value, np.float32)) for key, value in self.values()]
        variables = constants(site, [*numbers, *self.window(context.dt)])
        row = Op(
            site.target, type(self).emit, (on.name, "[step]", *names(variables)), random=self.random,
            settings={"dt": context.dt},
        )
        return Fragment((on, *variables), (row,))


def each(on: jax.Array, value: jax.Array) -> jax.Array:
    """A value for every neuron of every sample; float32 at least."""
    return on.astype(value.dtype) * (value[None] if value.ndim else value)
