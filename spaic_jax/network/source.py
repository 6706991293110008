"""What a connection may begin at, beside a group."""

import math
from typing import ClassVar

from spaic_jax.network.element import Element, element
from spaic_jax.network.slice import Slice


@element
class Source(Element):
    """A member that gives spikes or currents and receives none: an encoder of data, or a generator."""

    shape: tuple[int, ...]
    #: The variable that connections, decoders and monitors read.
    output: ClassVar[str] = "O"

    def __getitem__(self, places: slice) -> Slice:
        """Some of its channels as an end of connections."""
        return Slice.at(self, places)

    @property
    def num(self) -> int:
        """Number of channels."""
        return math.prod(self.shape)
