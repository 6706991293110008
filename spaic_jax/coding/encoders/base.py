"""What a coding method is: rows that turn an input into spikes."""

import abc
import dataclasses
from collections.abc import Iterable
from typing import Any, ClassVar

from spaic_jax.coding.values import constants
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
    #: Whether NaN in the data is nothing, rather than a mistake: see `Variable.gaps`.
    gaps: ClassVar[bool] = False
    #: Settings that are constants of the program.
    values: ClassVar[tuple[str, ...]] = ()

    def input_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Shape of one sample of the data, for an encoder of some shape."""
        return shape

    @abc.abstractmethod
    def lower(self, site: Site, context: Context) -> Fragment:
        """The rows that write the spikes `site.target` from the input `site.source`."""

    def constants(self, site: Site, others: Iterable[tuple[str, Any]] = ()) -> tuple[Variable, ...]:
        """The constants of the settings that are values, and of other numbers that are known when it is lowered."""
        return constants(site, [*((name, float(getattr(self, name))) for name in self.values), *others])
