"""The variable itself, in every step."""

import dataclasses
from typing import ClassVar

import jax

from spaic_jax.coding.decoders.base import Decoding


@dataclasses.dataclass(frozen=True)
class EveryStep(Decoding):
    """The output of the group in every step, `[T, B, *shape]`.

    Source: SPAIC, `null`.

    >>> EveryStep().reduce is None
    True
    """

    reduce: ClassVar = None

    def __call__(self, kept: jax.Array) -> jax.Array:
        return kept


@dataclasses.dataclass(frozen=True)
class VoltageEveryStep(EveryStep):
    """`V` in every step, `[T, B, *shape]`.

    Source: SPAIC, `v_t`.

    >>> VoltageEveryStep().reads
    'V'
    """

    reads: ClassVar = "V"
