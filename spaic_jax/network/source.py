"""What a connection may begin at, beside a group."""

import dataclasses
import math
from typing import ClassVar

from spaic_jax.network.element import Element


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Source(Element):
    """A member that gives spikes or currents and receives none: an encoder of data, or a generator."""

    shape: tuple[int, ...]
    #: The variable that connections, decoders and monitors read.
    output: ClassVar[str] = "O"

    @property
    def num(self) -> int:
        """Number of channels."""
        return math.prod(self.shape)
