"""What a coding method is: rows that turn an input into spikes."""

import abc
import dataclasses
from collections.abc import Callable, Iterable
from typing import ClassVar

from spaic_jax._shapes import AnyArray, Array, Shaped
from spaic_jax.coding.check import check_range
from spaic_jax.coding.values import Value, constants
from spaic_jax.program import Context, Fragment, Site, Variable
from spaic_jax.program.variable import Axes


@dataclasses.dataclass(frozen=True)
class Coding(abc.ABC):
    """A frozen dataclass of a coding method's settings that lowers to rows.

    A coding of data counts time from the start of the presentation (`"[position]"` and `"[window]"`), so that every
    presentation is coded alike.
    """

    #: Which axes the data has in front: see `Variable.axes`.
    axes: ClassVar[Axes] = "either"
    #: Whether half-precision programs may take the data in half: see `Variable.narrow`.
    narrow: ClassVar[bool] = True
    #: Settings that are constants of the program.
    values: ClassVar[tuple[str, ...]] = ()

    def input_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Shape of one sample of the data, for an encoder of some shape."""
        return shape

    def check_input(self, what: str, x: AnyArray, dt: float, steps: int | None) -> None:
        """ValueError that names the first number of the data that it cannot code: by default, that is not finite.

        Args:
            what: what the data is called.
            x: an array that is not traced.
            dt: length of a step, ms.
            steps: steps for which it codes, where that is known.
        """
        check_range(what, x, "finite numbers")

    @abc.abstractmethod
    def lower(self, site: Site, context: Context) -> Fragment:
        """The rows that write the spikes `site.target` from the input `site.source`."""

    def constants(self, site: Site, others: Iterable[tuple[str, Value]] = ()) -> tuple[Variable, ...]:
        """The constants of the settings that are values, and of other numbers that are known when it is lowered."""
        return constants(site, [*((name, float(getattr(self, name))) for name in self.values), *others])


def of_sequence(site: Site, name: str, function: Callable[[AnyArray], AnyArray]) -> Variable:
    """A number for each sample that all steps of the data tell, `function` of `[T, B, *shape]`; or the user gives it."""
    return Variable(
        f"{site.name}.{name}", role="input", axes="held", narrow=False, optional=True, derived=((site.source,), function)
    )


def each_sample(number: Shaped[Array, "batch"], x: Shaped[Array, "batch *shape"]) -> Shaped[Array, "batch *ones"]:
    """A number for each sample, beside data `[B, *shape]`."""
    return number.reshape(-1, *(1,) * (x.ndim - 1))


@dataclasses.dataclass(frozen=True)
class InputCheck:
    """The check of the data of one encoder: `Variable.check`.

    Attributes:
        coding: what is asked.
        dt: length of a step, ms.
        window: steps for which the encoder codes, if not the whole presentation.
    """

    coding: Coding
    dt: float
    window: int | None = None

    def __call__(self, what: str, x: AnyArray, steps: int | None) -> None:
        ends = [end for end in (self.window, steps) if end is not None]
        self.coding.check_input(what, x, self.dt, min(ends, default=None))
