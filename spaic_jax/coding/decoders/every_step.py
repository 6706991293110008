"""The variable itself, in every step."""

import dataclasses
from typing import ClassVar

from spaic_jax.coding.decoders.base import Decoding


@dataclasses.dataclass(frozen=True)
class EveryStep(Decoding):
    """The output of the group in every step, `[T, B, *shape]`.

    Source: SPAIC, `null`.

    >>> EveryStep().reads is None
    True
    """


@dataclasses.dataclass(frozen=True)
class VoltageEveryStep(Decoding):
    """`V` in every step, `[T, B, *shape]`.

    Source: SPAIC, `v_t`.

    >>> VoltageEveryStep().reads
    'V'
    """

    reads: ClassVar = "V"
