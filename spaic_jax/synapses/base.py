"""What a link type is: how the spikes of one group become the input of another."""

import abc
import dataclasses
from collections.abc import Sequence

from spaic_jax.program import Op, Variable


@dataclasses.dataclass(frozen=True)
class Ends:
    """The two ends of a connection, as a link type needs to know them.

    Attributes:
        name: the connection's full name, prefix of its variables.
        source: the read that gives the presynaptic value, `[B, *pre_shape]`.
        target: the name that the link's op writes, `[B, *post_shape]`.
        pre_shape, post_shape: shapes of one sample.
        trainable: whether the link's weights are parameters.
    """

    name: str
    source: str
    target: str
    pre_shape: tuple[int, ...]
    post_shape: tuple[int, ...]
    trainable: bool


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Link(abc.ABC):
    """A frozen dataclass of a link's settings that lowers to variables and rows."""

    @abc.abstractmethod
    def lower(self, ends: Ends) -> tuple[Sequence[Variable], Sequence[Op]]:
        """The variables of the link, and the rows that write `ends.target` from `ends.source`."""
