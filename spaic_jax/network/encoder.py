"""The node through which data enters."""

import math
from typing import Any

from spaic_jax.coding.encoders import Coding, resolve_encoder
from spaic_jax.network.element import Element, shape_of


class Encoder(Element):
    """Turns data into spikes. Its data is the run's input of the same name.

    Args:
        num: number of channels.
        shape: shape of one sample, instead of or beside `num`.
        coding_method: name of a coding (see `spaic_jax.coding.ENCODERS`), or the coding itself.
        name: name in the network; by default that of the attribute or variable it is bound to.
        **settings: the coding's settings.

    Raises:
        ValueError: no or contradictory size, unknown coding or setting, with the nearest right one.

    Example:
        >>> Encoder(num=784, coding_method="poisson", unit_conversion=0.5).coding.unit_conversion
        0.5
    """

    def __init__(
        self,
        num: int | None = None,
        coding_method: str | Coding = "poisson",
        *,
        shape: tuple[int, ...] | None = None,
        name: str | None = None,
        **settings: Any,
    ):
        size = shape_of("Encoder", num, shape)
        self._declare(shape=size, coding=resolve_encoder(coding_method, **settings), name=name)

    shape: tuple[int, ...]
    coding: Coding
    output = "O"

    @property
    def num(self) -> int:
        """Number of channels."""
        return math.prod(self.shape)
