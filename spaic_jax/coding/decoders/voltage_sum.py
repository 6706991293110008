"""The membrane potential at the end of the run beside its mean."""

import dataclasses
from typing import ClassVar

import jax

from spaic_jax.coding.decoders.base import Decoding
from spaic_jax.program import Last


@dataclasses.dataclass(frozen=True)
class VoltageSum(Decoding):
    """`V - mean(V)` after the last step, `[B, *shape]`; the mean is that of the **whole batch**, as in SPAIC.

    In spite of the name nothing is summed.

    Source: SPAIC, `voltage_sum`.

    >>> VoltageSum().reads
    'V'
    """

    reduce: ClassVar = Last()
    reads: ClassVar = "V"

    def __call__(self, kept: jax.Array) -> jax.Array:
        return kept - kept.mean()
