"""What a coding method is: rows that turn an input into spikes."""

import abc
import dataclasses
from collections.abc import Sequence
from typing import ClassVar

from spaic_jax.program import Op
from spaic_jax.program.variable import Axes


@dataclasses.dataclass(frozen=True)
class Coding(abc.ABC):
    """A frozen dataclass of a coding method's settings that lowers to rows."""

    #: Which axes the data has in front: see `Variable.axes`.
    axes: ClassVar[Axes] = "either"

    def input_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Shape of one sample of the data, for an encoder of some shape."""
        return shape

    @abc.abstractmethod
    def lower(self, source: str, target: str) -> Sequence[Op]:
        """The rows that write the spikes `target` from the input `source`."""


@dataclasses.dataclass(frozen=True)
class CodingStep:
    """A method of a coding as a function of arrays: comparable, so that equal programs compile once."""

    coding: Coding
    method: str

    def __str__(self) -> str:
        return f"{type(self.coding).__name__}.{self.method}"

    def __call__(self, *arrays):  # type: ignore[no-untyped-def]
        return getattr(self.coding, self.method)(*arrays)
